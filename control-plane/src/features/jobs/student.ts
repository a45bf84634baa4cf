/**
 * The point that Student's t with so many degrees of freedom exceeds with this probability (0 < p <= 0.5), to a relative error
 * below one in a million. Found by halving, since its cumulative distribution is monotonous.
 */
export function studentExceeded(probability: number, freedom: number): number {
  let [low, high] = [0, 1];
  while (tailOf(high, freedom) > probability && high < 1e12) [low, high] = [high, high * 2];
  for (let round = 0; round < 50; round++) {
    const middle = (low + high) / 2;
    if (tailOf(middle, freedom) > probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The probability that t is greater, for t >= 0: half of the regularised incomplete beta function I_x(v/2, 1/2) at x = v/(v+t^2). */
export const tailOf = (t: number, freedom: number): number =>
  incompleteBeta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2;

/** I_x(a, b) by its continued fraction (DLMF 8.17.22), where that converges fast, else by I_x(a, b) = 1 - I_{1-x}(b, a). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta(a, b)) / a;
  let [c, d, value] = [1, 0, 1];
  for (let step = 0; step <= 500; step++) {
    const m = Math.floor(step / 2);
    const numerator = step === 0 ? 1 : coefficient(step, m, x, a, b);
    d = 1 / nonZero(1 + numerator * d);
    c = nonZero(1 + numerator / c);
    value *= c * d;
    if (Math.abs(1 - c * d) < 1e-14) break;
  }
  return front * (value - 1);
}

const coefficient = (step: number, m: number, x: number, a: number, b: number): number =>
  step % 2 === 0
    ? (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    : (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));

const nonZero = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value);
const logBeta = (a: number, b: number): number => logGamma(a) + logGamma(b) - logGamma(a + b);

/** By Stirling's series (DLMF 5.11.1), after the argument was raised to where it is good. */
function logGamma(x: number): number {
  let [raised, product] = [x, 1];
  while (raised < 10) product *= raised++;
  const [inverse, square] = [1 / raised, 1 / (raised * raised)];
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1_260 - square / 1_680)));
  return (raised - 0.5) * Math.log(raised) - raised + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
