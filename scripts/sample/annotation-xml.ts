import type { SampleBox } from './render-image.js';

export interface SampleAnnotation {
  folder: string;
  imageId: string;
  width: number;
  height: number;
  wnid: string;
  boxes: readonly SampleBox[];
}

/** An annotation as ImageNet's own XML has it. */
export function toAnnotationXml(annotation: SampleAnnotation): string {
  const { folder, imageId, width, height, wnid, boxes } = annotation;
  return `<annotation>
	<folder>${folder}</folder>
	<filename>${imageId}</filename>
	<source>
		<database>patchml sample</database>
	</source>
	<size>
		<width>${width}</width>
		<height>${height}</height>
		<depth>3</depth>
	</size>
	<segmented>0</segmented>
${boxes.map((box) => toObjectXml(wnid, box)).join('')}</annotation>
`;
}

function toObjectXml(wnid: string, [xmin, ymin, xmax, ymax]: SampleBox): string {
  return `	<object>
		<name>${wnid}</name>
		<pose>Unspecified</pose>
		<truncated>0</truncated>
		<difficult>0</difficult>
		<bndbox>
			<xmin>${xmin}</xmin>
			<ymin>${ymin}</ymin>
			<xmax>${xmax}</xmax>
			<ymax>${ymax}</ymax>
		</bndbox>
	</object>
`;
}
