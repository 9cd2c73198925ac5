/** One class of the sample: an ImageNet-1k synset and the picture of an object that shows it. */
export interface SampleClass {
  wnid: string;
  /** Code point of the picture: `assets/<picture>.webp` of `@lobehub/fluent-emoji-3d`. */
  picture: string;
  name: string;
}

/**
 * The synsets that the pictures show without doubt, no two of them near-synonyms, in wnid order.
 * Left out on purpose: pictures between two synsets (mushroom or agaric, mug or cup or espresso),
 * and pictures of several things (racket and ball, bowling).
 */
export const SAMPLE_CLASSES: readonly SampleClass[] = [
  { wnid: 'n01770393', picture: '1f982', name: 'scorpion' },
  { wnid: 'n01806143', picture: '1f99a', name: 'peacock' },
  { wnid: 'n01882714', picture: '1f428', name: 'koala' },
  { wnid: 'n01910747', picture: '1fabc', name: 'jellyfish' },
  { wnid: 'n01944390', picture: '1f40c', name: 'snail' },
  { wnid: 'n01983481', picture: '1f99e', name: 'American lobster' },
  { wnid: 'n02007558', picture: '1f9a9', name: 'flamingo' },
  { wnid: 'n02129604', picture: '1f405', name: 'tiger' },
  { wnid: 'n02165456', picture: '1f41e', name: 'ladybug' },
  { wnid: 'n02391049', picture: '1f993', name: 'zebra' },
  { wnid: 'n02510455', picture: '1f43c', name: 'giant panda' },
  { wnid: 'n02672831', picture: '1fa97', name: 'accordion' },
  { wnid: 'n02701002', picture: '1f691', name: 'ambulance' },
  { wnid: 'n02802426', picture: '1f3c0', name: 'basketball' },
  { wnid: 'n02980441', picture: '1f3f0', name: 'castle' },
  { wnid: 'n03249569', picture: '1f941', name: 'drum' },
  { wnid: 'n03272010', picture: '1f3b8', name: 'electric guitar' },
  { wnid: 'n03345487', picture: '1f692', name: 'fire engine' },
  { wnid: 'n03544143', picture: '231b', name: 'hourglass' },
  { wnid: 'n03590841', picture: '1f383', name: "jack-o'-lantern" },
  { wnid: 'n03642806', picture: '1f4bb', name: 'laptop' },
  { wnid: 'n04141076', picture: '1f3b7', name: 'sax' },
  { wnid: 'n04254680', picture: '26bd', name: 'soccer ball' },
  { wnid: 'n04310018', picture: '1f682', name: 'steam locomotive' },
  { wnid: 'n04398044', picture: '1fad6', name: 'teapot' },
  { wnid: 'n04399382', picture: '1f9f8', name: 'teddy' },
  { wnid: 'n04465501', picture: '1f69c', name: 'tractor' },
  { wnid: 'n04507155', picture: '2602-fe0f', name: 'umbrella' },
  { wnid: 'n04536866', picture: '1f3bb', name: 'violin' },
  { wnid: 'n04540053', picture: '1f3d0', name: 'volleyball' },
  { wnid: 'n06874185', picture: '1f6a6', name: 'traffic light' },
  { wnid: 'n07695742', picture: '1f968', name: 'pretzel' },
  { wnid: 'n07697313', picture: '1f354', name: 'cheeseburger' },
  { wnid: 'n07714990', picture: '1f966', name: 'broccoli' },
  { wnid: 'n07720875', picture: '1fad1', name: 'bell pepper' },
  { wnid: 'n07745940', picture: '1f353', name: 'strawberry' },
  { wnid: 'n07749582', picture: '1f34b', name: 'lemon' },
  { wnid: 'n07753275', picture: '1f34d', name: 'pineapple' },
  { wnid: 'n07753592', picture: '1f34c', name: 'banana' },
  { wnid: 'n07873807', picture: '1f355', name: 'pizza' },
];
