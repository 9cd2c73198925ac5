/** What is used of resvg; the package's own types do not resolve under its `exports`. */
declare module '@resvg/resvg-wasm' {
  export function initWasm(module: Uint8Array): Promise<void>;
  export class Resvg {
    constructor(svg: string, options: object);
    render(): { asPng(): Uint8Array };
  }
}
