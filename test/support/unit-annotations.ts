/** One object of an annotation: its synset and its inclusive box. */
export type Labelled = readonly [wnid: string, ...box: readonly (number | string)[]];

/** An XML in ImageNet's own form. @param size of the image; null: without `<size>` */
export function annotationXml(
  objects: readonly Labelled[],
  size: readonly [number | string, number | string] | null = [500, 375],
  filename = 'ILSVRC2012_val_00000001',
): string {
  const sizeXml = size
    ? `<size>\n\t\t<width>${size[0]}</width>\n\t\t<height>${size[1]}</height>\n\t\t<depth>3</depth>\n\t</size>`
    : '';
  return `<annotation>
\t<folder>val</folder>
\t<filename>${filename}</filename>
\t<source>
\t\t<database>ILSVRC_2012</database>
\t</source>
\t${sizeXml}
\t<segmented>0</segmented>
${objects.map(objectXml).join('')}</annotation>
`;
}

function objectXml([wnid, xmin, ymin, xmax, ymax]: Labelled): string {
  return `\t<object>
\t\t<name>${wnid}</name>
\t\t<pose>Unspecified</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>0</difficult>
\t\t<bndbox>
\t\t\t<xmin>${String(xmin)}</xmin>
\t\t\t<ymin>${String(ymin)}</ymin>
\t\t\t<xmax>${String(xmax)}</xmax>
\t\t\t<ymax>${String(ymax)}</ymax>
\t\t</bndbox>
\t</object>
`;
}
