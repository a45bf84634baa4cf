import type { GivenSamples } from "@edgemere/protocol";

/** The peer of columns: protobuf in which each batch names its series, with eight bytes a sample. */
export function packedDoubles({ baseMs, offsetMs, series }: GivenSamples): Uint8Array {
  return Buffer.concat([
    field(1, Buffer.from(Float64Array.of(baseMs).buffer)),
    field(2, Buffer.from(Uint32Array.from(offsetMs).buffer)),
    ...series.map(({ metric, instance = "", values }) =>
      field(
        3,
        Buffer.concat([
          field(1, Buffer.from(metric)),
          field(2, Buffer.from(instance)),
          field(3, Buffer.from(Float64Array.from(values).buffer)),
        ]),
      ),
    ),
  ]);
}

/** The same numbers as they were given. */
export function unpackedDoubles(bytes: Uint8Array): readonly (readonly [metric: string, values: Float64Array])[] {
  return [...fieldsOf(bytes)].flatMap(([number, content]) => {
    if (number !== 3) return [];
    const [metric, , values] = [...fieldsOf(content)].map(([, each]) => each);
    return [[Buffer.from(metric ?? []).toString(), new Float64Array(Uint8Array.from(values ?? []).buffer)] as const];
  });
}

function field(number: number, content: Uint8Array): Uint8Array {
  const head: number[] = [(number << 3) | 2];
  let length = content.length;
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128);
  return Buffer.concat([Uint8Array.from([...head, length]), content]);
}

function* fieldsOf(bytes: Uint8Array): Iterable<readonly [number: number, content: Uint8Array]> {
  for (let at = 0; at < bytes.length;) {
    const number = (bytes[at++] ?? 0) >>> 3;
    let length = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    yield [number, bytes.subarray(at, at + length)];
    at += length;
  }
}
