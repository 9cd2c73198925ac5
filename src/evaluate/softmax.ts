/** Probabilities from logits, a row at a time: exp(x) / sum of exp(x). [rows x classes] */
export function softmax(logits: Float32Array, classCount: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classCount) {
    const end = start + classCount;
    let most = -Infinity;
    for (let at = start; at < end; at += 1) most = Math.max(most, logits[at]!);
    let sum = 0;
    for (let at = start; at < end; at += 1) sum += Math.exp(logits[at]! - most);
    for (let at = start; at < end; at += 1) {
      probabilities[at] = Math.exp(logits[at]! - most) / sum;
    }
  }
  return probabilities;
}
