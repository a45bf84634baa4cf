import type { Chance } from "./chance.ts";
import {
  BYTES,
  field,
  fieldsOf,
  groups,
  hostileBytes,
  hostileContent,
  hostileVarints,
  messageOf,
  nested,
  tag,
  VARINT,
} from "./wire.ts";

/** A little over the largest message there is. */
const LONGEST = 300_000;

type Mutation = (bytes: Buffer, chance: Chance, others: readonly Buffer[]) => Buffer;

const cut = (bytes: Buffer, from: number, to: number, put: Uint8Array = Buffer.alloc(0)): Buffer =>
  Buffer.concat([bytes.subarray(0, from), put, bytes.subarray(to)]);

/** What befalls bytes of which nothing is known. */
const blind: readonly Mutation[] = [
  (bytes, chance) => bytes.subarray(0, chance.below(bytes.length + 1)),
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[chance.below(copy.length)]! ^= 1 << chance.below(8);
    return copy;
  },
  (bytes, chance) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0)
      copy[chance.below(copy.length)] = chance.pick([0, 1, 0x7f, 0x80, 0xff, 8, 10, chance.below(256)]);
    return copy;
  },
  (bytes, chance) => {
    const at = chance.below(bytes.length + 1);
    return cut(bytes, at, at, chance.bytes(1 + chance.below(6)));
  },
  (bytes, chance) => {
    const at = chance.below(bytes.length + 1);
    return cut(bytes, at, at + 1 + chance.below(8));
  },
  (bytes, chance) => {
    const at = chance.below(bytes.length + 1);
    return cut(bytes, at, at, chance.pick(hostileVarints));
  },
  (bytes, chance, others) => Buffer.concat([bytes, chance.pick(others)]),
  (bytes, chance, others) => {
    const other = chance.pick(others);
    return Buffer.concat([
      bytes.subarray(0, chance.below(bytes.length + 1)),
      other.subarray(chance.below(other.length + 1)),
    ]);
  },
];

/** What befalls one field of a message, whose other lengths remain true. */
const knowing: readonly Mutation[] = [
  // Another content of the same kind.
  (bytes, chance) => within(bytes, chance, ({ number, wire }) => field(number, wire, hostileContent(wire, chance))),
  // Another number, another wire type.
  (bytes, chance) =>
    within(bytes, chance, ({ wire, content }) =>
      field(chance.pick([0, 1, 2, 3, 7, 10, 20, 25, 31, 2 ** 29 - 1, 2 ** 29]), wire, content),
    ),
  (bytes, chance) =>
    within(bytes, chance, ({ number }) => {
      const wire = chance.below(8);
      return field(number, wire, hostileContent(wire, chance));
    }),
  // A length that lies.
  (bytes, chance) =>
    within(bytes, chance, ({ number, content }) => {
      const length = BigInt(content.length);
      return field(number, BYTES, content, chance.pick([length + 1n, length - 1n, 2n ** 31n, 2n ** 32n - 1n, -1n, 0n]));
    }),
  // Once more, many times more, not at all.
  (bytes, chance) =>
    within(bytes, chance, ({ number, wire, content }) => {
      const most = Math.floor(LONGEST / (content.length + 8));
      const times = Math.min(most, chance.oneIn(500) ? 2_000 : chance.pick([0, 2, 3, 17, 65]));
      return Buffer.concat(Array.from({ length: times }, () => field(number, wire, content)));
    }),
  // Fields that nobody knows, before what is known.
  (bytes, chance) =>
    within(bytes, chance, ({ number, wire, content }) =>
      Buffer.concat([
        chance.pick([
          groups(chance.pick([1, 2, 31, 32, 33, 99, 100, 101])),
          groups(1 + chance.below(3), false),
          tag(1 + chance.below(40), 4),
          field(99, BYTES, hostileBytes(chance)),
          field(100 + chance.below(1_000), VARINT, chance.pick(hostileVarints)),
        ]),
        field(number, wire, content),
      ]),
    ),
  (bytes, chance) =>
    within(bytes, chance, ({ number }) => field(number, BYTES, nested(number, chance.pick([2, 3, 31, 32, 33, 101])))),
  // Packed numbers where one is expected, and the other way round.
  (bytes, chance) =>
    within(bytes, chance, ({ number }) => field(number, BYTES, Buffer.alloc(chance.pick([1, 7, 8, 64, 4_000])))),
  // A map of many keys, or of those that an object has already.
  (bytes, chance) =>
    within(bytes, chance, ({ number }) =>
      Buffer.concat(
        Array.from({ length: 1 + chance.below(70) }, () =>
          field(
            number,
            BYTES,
            Buffer.concat([field(1, BYTES, hostileBytes(chance)), field(2, BYTES, hostileBytes(chance))]),
          ),
        ),
      ),
    ),
  // Another order.
  (bytes, chance) => {
    const fields = [...(fieldsOf(bytes) ?? [])];
    for (let at = fields.length - 1; at > 0; at--) {
      const other = chance.below(at + 1);
      [fields[at], fields[other]] = [fields[other]!, fields[at]!];
    }
    return fields.length === 0 ? bytes : messageOf(fields);
  },
];

/** Changes one field, of the message itself or of one that it holds. */
function within(
  bytes: Buffer,
  chance: Chance,
  change: (field: { readonly number: number; readonly wire: number; readonly content: Buffer }) => Buffer,
): Buffer {
  const fields = fieldsOf(bytes);
  if (fields === undefined || fields.length === 0)
    return Buffer.concat([bytes, change({ number: 1 + chance.below(25), wire: BYTES, content: Buffer.alloc(0) })]);
  const at = chance.below(fields.length);
  return Buffer.concat(
    fields.map((each, i) => {
      if (i !== at) return field(each.number, each.wire, each.content);
      const isMessage = each.wire === BYTES && each.content.length > 1 && fieldsOf(each.content) !== undefined;
      return isMessage && !chance.oneIn(10)
        ? field(each.number, BYTES, within(each.content, chance, change))
        : change(each);
    }),
  );
}

/** One to four changes, mostly one, which may come upon each other. Most leave lengths true, so that what is inside is read. */
export function mutated(bytes: Buffer, chance: Chance, others: readonly Buffer[]): Buffer {
  let now = bytes;
  for (let times = chance.pick([1, 1, 1, 1, 2, 2, 3, 4]); times > 0; times--)
    now = chance
      .pick(chance.oneIn(6) ? blind : knowing)(now, chance, others)
      .subarray(0, LONGEST);
  return now;
}
