import { deserialize, serialize } from 'node:v8';
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Exact text form of plain values (bigints, maps, sets, infinities), between programs of the same code only. */
export function pack(value: unknown): string {
  return deflateRawSync(serialize(value)).toString('base64');
}

/** @throws Error if the text does not come from {@link pack} */
export function unpack<T>(text: string): T {
  return deserialize(inflateRawSync(Buffer.from(text, 'base64'))) as T;
}
