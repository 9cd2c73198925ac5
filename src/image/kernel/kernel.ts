import { readFileSync } from 'node:fs';
import { ImageError } from '../../errors.js';
import { sha256 } from '../../files/digest.js';
import type { PixelBox, Size } from '../box.js';
import type { RgbImage } from '../pixels.js';

/**
 * A resampling filter, by Pillow's name for it; all but `nearest` widen as the image shrinks.
 * `mitchell` (B = C = 1/3) works the same way, but is not one of Pillow's.
 */
export type Filter = (typeof FILTERS)[number];

/** In the order of the module's own numbers (resize.c). */
const FILTERS = [
  'nearest',
  'box',
  'bilinear',
  'hamming',
  'bicubic',
  'mitchell',
  'lanczos',
] as const;

/** A major version of Pillow: 13 changed the order of the two passes. */
type PillowVersion = 12 | 13;

/** What `PIL.Image.resize` is asked for, and the part of its result that is wanted. */
export interface Resizing {
  /** The size of the image that is resized, px. */
  from: Size;
  /** The size of the whole result, px. */
  size: Size;
  filter: Filter;
  /** The part of the result that is wanted, inside of it. Default: all. */
  window?: PixelBox | undefined;
  /** The part of the image that becomes the result; may end between pixels. Default: all. */
  box?: readonly [x0: number, y0: number, x1: number, y1: number] | undefined;
  /** Default: 13. */
  pillow?: PillowVersion | undefined;
}

/** What a JPEG's header says. */
export interface JpegHeader {
  /** Size as stored, px: EXIF rotation is ignored. */
  size: Size;
  /** 1 grey, 3 colour, 4 printing inks. */
  components: number;
}

/** A part of an image: its size, and where in the image it begins; default (0, 0). */
export interface BroughtPart {
  width: number;
  height: number;
  x?: number;
  y?: number;
}

/** How a model takes its input. */
export interface ValueFormat {
  /** What each level becomes, for the model's first, second and third channel. */
  tables: readonly [Values, Values, Values];
  layout: 'NCHW' | 'NHWC';
  channels: 'RGB' | 'BGR';
  /** The levels beside the image, for the model's first, second and third channel. */
  fill: readonly [number, number, number];
}

/** Values of a model's input: float32, the bits of float16, or bytes. */
export type Values = Float32Array | Uint16Array | Uint8Array;

/** This kernel leaves a JPEG to another decoder: its kind is rare, or it needs too much memory. */
export class UnsupportedJpeg extends Error {}

/** The part of WebAssembly that is used here; the types of Node leave it out. */
declare const WebAssembly: {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
};

/** What the module exports; addresses are byte offsets in its memory. */
interface Exports {
  memory: { buffer: ArrayBuffer };
  __stack_pointer: { value: unknown };
  bring_file(size: number): number;
  bring_pixels(x: number, y: number, width: number, height: number): number;
  open_jpeg(): void;
  jpeg_header(): number;
  decode_jpeg(x0: number, y0: number, x1: number, y1: number): void;
  message(code: number): number;
  choose_box(x0: number, y0: number, x1: number, y1: number): number;
  picture_stride(): number;
  needed_box(...asked: number[]): number;
  resize(...asked: number[]): number;
  open_canvas(width: number, height: number): number;
  paste(x: number, y: number): void;
  bring_tables(size: number): number;
  write_values(size: number, width: number, height: number, ...rest: number[]): number;
}

/** The module's own failures (kernel.h); below are libjpeg-turbo's. */
const [FAIL_MEMORY, FAIL_TRUNCATED, FAIL_SCANS, FAIL_NOT_SHOWN, FAIL_UNSUPPORTED] = [
  1000, 1001, 1002, 1003, 1004,
];

/**
 * An instance whose memory has grown beyond this is replaced: memory of a module never shrinks. An
 * image of six megapixels fits.
 */
const KEPT_BYTES = 32 * 2 ** 20;

/**
 * Decodes JPEGs and resizes pixels, in one reused memory of its own: a sandbox, out of which a
 * hostile file cannot reach. It works on one image at a time, the one that {@link openJpeg} or
 * {@link bring} was given last: between these and what is wanted of them, no other may come.
 */
export class ImageKernel {
  #module = instantiate();
  readonly #stackTop = this.#module.__stack_pointer.value;
  #tables: ValueFormat['tables'] | undefined;
  #opened: Size = [0, 0];
  #canvas: Size = [0, 0];

  /** Bytes of memory that the kernel holds. */
  get memory(): number {
    return this.#module.memory.buffer.byteLength;
  }

  /**
   * Opens a JPEG, of which the file's bytes are copied.
   * @throws ImageError `image-corrupt`; UnsupportedJpeg
   */
  openJpeg(bytes: Uint8Array): JpegHeader {
    return this.#guard((module) => {
      const at = module.bring_file(bytes.length);
      this.#bytes(at, bytes.length).set(bytes);
      module.open_jpeg();
      const [width, height, components] = this.#numbers(module.jpeg_header(), 3);
      this.#opened = [width!, height!];
      return { size: this.#opened, components: components! };
    });
  }

  /**
   * Decodes at least a box of the JPEG that is open, once after each opening. The colours are those
   * of `PIL.Image.convert("RGB")`.
   * @throws ImageError `image-corrupt` wherever decoding the whole image fails, and where the box
   * leaves the image; UnsupportedJpeg
   */
  decode([x0, y0, x1, y1]: PixelBox): void {
    const [width, height] = this.#opened;
    if (x0 < 0 || y0 < 0 || x1 > width || y1 > height || x0 >= x1 || y0 >= y1) {
      throw new ImageError('the box leaves the image', CORRUPT);
    }
    this.#guard((module) => {
      module.decode_jpeg(x0, y0, x1, y1);
    });
  }

  /**
   * Room for pixels that are decoded already: a part of an image that begins at (x, y).
   * @returns memory to be filled with RGB at once: the next call of any method may move it
   */
  bring({ width, height, x = 0, y = 0 }: BroughtPart): Buffer {
    const at = this.#guard((module) => module.bring_pixels(x, y, width, height));
    return this.#bytes(at, 3 * width * height);
  }

  /** Makes a box of what is there an image of its own: what is resized from now on. */
  choose([x0, y0, x1, y1]: PixelBox): void {
    this.#guard((module) => module.choose_box(x0, y0, x1, y1));
  }

  /** A copy of a box of what is there. */
  cut([x0, y0, x1, y1]: PixelBox): RgbImage {
    const [width, height] = [x1 - x0, y1 - y0];
    const start = this.#guard((module) => module.choose_box(x0, y0, x1, y1));
    const stride = this.#module.picture_stride();
    const data = Buffer.allocUnsafeSlow(3 * width * height);
    const rows = this.#bytes(start, stride * (height - 1) + 3 * width);
    for (let y = 0; y < height; y += 1) {
      data.set(rows.subarray(stride * y, stride * y + 3 * width), 3 * width * y);
    }
    return { width, height, data };
  }

  /** The box of an image that has to be there for {@link resize}. */
  neededBox(resizing: Resizing): PixelBox {
    const at = this.#guard((module) => module.needed_box(...asked(resizing)));
    return this.#numbers(at, 4) as unknown as PixelBox;
  }

  /**
   * Resizes what is there, level for level as `PIL.Image.resize` does.
   * @returns pixels in the kernel's own memory, which the next call of any method may change
   */
  resize(resizing: Resizing): RgbImage {
    const [x0, y0, x1, y1] = resizing.window ?? [0, 0, ...resizing.size];
    const [width, height] = [x1 - x0, y1 - y0];
    const at = this.#guard((module) => module.resize(...asked(resizing)));
    return { width, height, data: this.#bytes(at, 3 * width * height) };
  }

  /**
   * Opens a canvas that results are pasted on; each kernel has one.
   * @returns its memory, to be filled at once, as of {@link bring}
   */
  openCanvas([width, height]: Size): Buffer {
    this.#canvas = [width, height];
    const at = this.#guard((module) => module.open_canvas(width, height));
    return this.#bytes(at, 3 * width * height);
  }

  /** Puts what was resized last on the canvas. */
  paste(x: number, y: number): void {
    this.#guard((module) => {
      module.paste(x, y);
    });
  }

  /** Copies the canvas. @param target gets its pixels, RGB */
  copyCanvas(target: Buffer): void {
    this.openCanvas(this.#canvas).copy(target);
  }

  /**
   * Writes the values of a crop of what was resized last.
   * @param corner where the crop begins in the window that was resized; may lie outside of it
   * @param target gets 3 x height x width values at its start
   */
  writeValues(
    { size, corner: [x, y] }: { size: Size; corner: readonly [x: number, y: number] },
    { tables, layout, channels, fill }: ValueFormat,
    target: Values,
  ): void {
    if (this.#tables !== tables) this.#bringTables(tables);
    const bytes = target.BYTES_PER_ELEMENT;
    const order = [layout === 'NCHW' ? 1 : 0, channels === 'BGR' ? 1 : 0];
    const at = this.#guard((module) =>
      module.write_values(bytes, ...size, x, y, ...order, ...fill),
    );
    const values = this.#bytes(at, 3 * size[0] * size[1] * bytes);
    new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(values);
  }

  /** Gives memory back that a giant image took; what was there is lost. */
  shrink(): void {
    if (this.memory > KEPT_BYTES) this.#replace();
  }

  #replace(): void {
    this.#module = instantiate();
    this.#tables = undefined;
  }

  #bringTables(tables: ValueFormat['tables']): void {
    const length = 256 * tables[0].BYTES_PER_ELEMENT;
    const at = this.#guard((module) => module.bring_tables(3 * length));
    tables.forEach(({ buffer, byteOffset }, channel) => {
      this.#bytes(at + channel * length, length).set(new Uint8Array(buffer, byteOffset, length));
    });
    this.#tables = tables;
  }

  /** A part of the module's memory, which must not be kept: growing puts the memory elsewhere. */
  #bytes(start: number, length: number): Buffer {
    return Buffer.from(this.#module.memory.buffer, start, length);
  }

  #numbers(start: number, count: number): number[] {
    return [...new Int32Array(this.#module.memory.buffer, start, count)];
  }

  /** Runs a call that can fail. A failure leaves the module midway, so its stack is put back. */
  #guard<T>(call: (module: Exports) => T): T {
    const module = this.#module;
    try {
      return call(module);
    } catch (error) {
      module.__stack_pointer.value = this.#stackTop;
      if (error instanceof Failure) throw this.#explain(error.code);
      this.#replace(); // what it trapped on is unknown, and so is what it left
      throw new UnsupportedJpeg('the decoder crashed on it', { cause: error });
    }
  }

  #explain(code: number): Error {
    switch (code) {
      case FAIL_MEMORY:
        return new UnsupportedJpeg('it needs too much memory');
      case FAIL_UNSUPPORTED:
        return new UnsupportedJpeg('this kind of JPEG is not supported');
      case FAIL_NOT_SHOWN:
        return new RangeError('the image does not have these pixels');
      case FAIL_TRUNCATED:
        return new ImageError('the jpeg is cut off', CORRUPT);
      case FAIL_SCANS:
        return new ImageError('it has too many scans', CORRUPT);
      default:
        return new ImageError(this.#message(code), CORRUPT);
    }
  }

  /** libjpeg-turbo's message, with its parameters. */
  #message(code: number): string {
    const start = this.#module.message(code);
    const bytes = Buffer.from(this.#module.memory.buffer);
    const text = bytes.toString('latin1', start, bytes.indexOf(0, start));
    const parameters = this.#numbers(this.#module.jpeg_header() + 12, 8);
    let next = 0;
    return text.replace(/%(0\d)?(l?[dux])/g, (_, width: string | undefined, kind: string) =>
      parameters[next++]!.toString(kind === 'x' ? 16 : 10).padStart(Number(width ?? 0), '0'),
    );
  }
}

const CORRUPT = { code: 'image-corrupt' } as const;

/** What is asked of the module, in the order of its parameters. */
function asked({ from, size, filter, window, box, pillow = 13 }: Resizing): number[] {
  return [
    ...from,
    ...(box ?? [0, 0, ...from]),
    ...size,
    ...(window ?? [0, 0, ...size]),
    FILTERS.indexOf(filter),
    pillow,
  ];
}

/** What is thrown to leave the module during a call. */
class Failure extends Error {
  constructor(readonly code: number) {
    super();
  }
}

const FILE = new URL('../../../../src/image/kernel/kernel.wasm', import.meta.url);

/** Compiled once per thread, at the first image. */
let compiled: object | undefined;

/** SHA-256 of the module: its name in locks. */
export function kernelDigest(): string {
  return sha256(readFileSync(FILE));
}

function instantiate(): Exports {
  compiled ??= new WebAssembly.Module(readFileSync(FILE));
  const fail = (code: number): never => {
    throw new Failure(code);
  };
  return new WebAssembly.Instance(compiled, { host: { fail } }).exports as Exports;
}

let kernel: ImageKernel | undefined;

/** The kernel of the calling thread. */
export function threadKernel(): ImageKernel {
  return (kernel ??= new ImageKernel());
}
