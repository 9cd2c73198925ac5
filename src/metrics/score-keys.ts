import type { ScoreMatrix, SoftmaxTerms } from './ranking.js';

/**
 * Numbers that scores are told apart by without being computed: of two scores whose keys differ by
 * more than `margin`, the one with the larger key is larger.
 */
export interface ScoreKeys {
  readonly margin: number;
  /** The keys of all scores of an image, from position `start` of `values` on. */
  fill(keys: Float64Array, values: ScoreMatrix['values'], start: number, image: number): void;
  keyOf(value: number, image: number): number;
  /** The score itself. */
  scoreOf(value: number, image: number): number;
}

/**
 * Keys of logits, whose scores are probabilities: the logarithms of these, which need no exponential.
 * Few probabilities are computed: those next to a label's.
 */
export function keysOfLogits({ highest, sums }: SoftmaxTerms): ScoreKeys {
  const logs = sums.map(Math.log);
  // As softmax subtracts: `value - highest` is what its exponential is of, to the last bit.
  const keyOf = (value: number, image: number): number =>
    Math.max(LOWEST_LOG, value - highest[image]! - logs[image]!);
  return {
    margin: LOG_MARGIN,
    fill(keys, values, start, image) {
      const [most, log] = [highest[image]!, logs[image]!];
      for (let c = 0; c < keys.length; c += 1) {
        keys[c] = Math.max(LOWEST_LOG, values[start + c]! - most - log);
      }
    },
    keyOf,
    scoreOf: (value, image) => Math.exp(value - highest[image]!) / sums[image]!,
  };
}

/** Above {@link LOWEST_LOG}, keys and the logarithms of what softmax gives agree to 1e-12. */
const LOG_MARGIN = 1e-9;

/** Probabilities further down lose their last digits, and become 0: they are all computed. */
const LOWEST_LOG = -700;

/**
 * Keys of scores that are compared as they are. Where those of labels are 0 or more: the upper halves
 * of their bits, which rise with a number, evenly within each octave. They spread many tiny
 * probabilities as a logarithm would.
 */
export function keysOfScores(ofLabels: Float64Array): ScoreKeys {
  const scoreOf = (value: number): number => value;
  if (ofLabels.some((score) => score < 0)) {
    return {
      margin: 0,
      fill(keys, values, start) {
        for (let c = 0; c < keys.length; c += 1) keys[c] = values[start + c]!;
      },
      keyOf: scoreOf,
      scoreOf,
    };
  }
  const memory = new Float64Array(1);
  const bits = new Int32Array(memory.buffer);
  const keyOf = (value: number): number => {
    memory[0] = value + 0; // -0 becomes 0
    return bits[UPPER]!;
  };
  return {
    margin: 0,
    fill(keys, values, start) {
      for (let c = 0; c < keys.length; c += 1) keys[c] = keyOf(values[start + c]!);
    },
    keyOf,
    scoreOf,
  };
}

/** Which half of a number's bits is the upper one. */
const UPPER = new Uint32Array(Float64Array.of(1).buffer)[0] === 0 ? 1 : 0;
