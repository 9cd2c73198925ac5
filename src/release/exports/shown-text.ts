const SHOWN = 60;
/** Of what two texts share before they part. */
const SHARED = 20;

/** A text that may hold anything, as it can stand in a report. */
export function shown(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text;
  return `"${short.replaceAll(/\p{C}/gu, ' ')}"`; // no place for a terminal's commands
}

/** Where two texts part, and what each says there. */
export function differenceOf(want: string, got: string): string {
  let same = 0;
  while (same < want.length && want[same] === got[same]) same += 1;
  const from = Math.max(0, same - SHARED);
  return `expected ${shown(want.slice(from))}, got ${shown(got.slice(from))}`;
}
