import { type FileMetaData, parquetSchema, type SchemaElement, type SchemaTree } from 'hyparquet';

/** A column of a table, or one of lists of values. */
export interface ParquetColumn {
  name: string;
  list: boolean;
  type: 'float' | 'double' | 'integer' | 'text' | 'other';
}

/** The columns of a Parquet file that are no structs. */
export function parquetColumns(metadata: FileMetaData): ParquetColumn[] {
  return parquetSchema(metadata).children.map((column) => {
    const list = isList(column.element);
    return { name: column.element.name, list, type: typeOf(list ? leafOf(column) : column) };
  });
}

/** How many values the lists of a column have in a row group, all together. */
export function valuesInGroup(metadata: FileMetaData, name: string, group: number): number {
  const chunks = metadata.row_groups.filter(({ num_rows: rows }) => rows > 0n)[group]?.columns;
  const chunk = chunks?.find(({ meta_data: data }) => data?.path_in_schema[0] === name);
  return Number(chunk?.meta_data?.num_values ?? 0n);
}

function isList({ converted_type: converted, logical_type: logical }: SchemaElement): boolean {
  return converted === 'LIST' || logical?.type === 'LIST';
}

function leafOf(column: SchemaTree): SchemaTree {
  let leaf = column;
  for (let depth = 0; depth < 2 && leaf.children.length === 1; depth += 1) leaf = leaf.children[0]!;
  return leaf;
}

function typeOf({ children, element }: SchemaTree): ParquetColumn['type'] {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (children.length > 0) return 'other';
  if (logical?.type === 'FLOAT16') return 'float';
  if (type === 'FLOAT') return 'float';
  if (type === 'DOUBLE') return 'double';
  if (type === 'BYTE_ARRAY')
    return converted === undefined || converted === 'UTF8' ? 'text' : 'other';
  const plain = converted === undefined || /^U?INT_/.test(converted);
  const known = logical === undefined || logical.type === 'INTEGER';
  return (type === 'INT32' || type === 'INT64') && plain && known ? 'integer' : 'other';
}
