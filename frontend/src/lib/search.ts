/**
 * Parts of the schemas of what the address holds of each screen. A part keeps what is valid and drops the rest: a
 * mistyped link still opens the page.
 */

import * as v from "valibot";

/** The value of the schema; undefined when the address has no valid one. */
function kept<Schema extends v.GenericSchema>(schema: Schema) {
  return v.fallback(v.optional(schema), undefined);
}

/** Ids and names; those of digits come back from the address as numbers. */
export const text = kept(v.pipe(v.union([v.string(), v.number()]), v.transform(String), v.nonEmpty()));

/** The valid ones; undefined when there is none. */
export const texts = listOf(text);

export const flag = kept(v.literal(true));

const finite = v.pipe(v.number(), v.finite());

export const number = kept(finite);

export function numberBetween(minimum: number, maximum: number) {
  return kept(v.pipe(finite, v.minValue(minimum), v.maxValue(maximum)));
}

/** A whole number from 0. */
export const index = kept(v.pipe(v.number(), v.integer(), v.minValue(0)));

export const indices = listOf(index);

/** A page from 2; the first page is left out. */
export const page = kept(v.pipe(v.number(), v.integer(), v.minValue(2)));

/** Two numbers, the lower one first. */
export const range = kept(
  v.pipe(
    v.tuple([finite, finite]),
    v.check(([low, high]) => low < high),
  ),
);

/** Lowest and highest along, then up. */
export const rectangle = kept(
  v.pipe(
    v.tuple([finite, finite, finite, finite]),
    v.check(([left, right, low, high]) => left < right && low < high),
  ),
);

export function choice<const Choice extends string>(choices: readonly Choice[]) {
  return kept(v.picklist(choices));
}

function listOf<Item extends v.GenericSchema>(item: Item) {
  type Present = NonNullable<v.InferOutput<Item>>;
  return kept(
    v.pipe(
      v.array(item),
      v.transform((items) => items.filter((value): value is Present => value !== undefined)),
      v.minLength(1),
    ),
  );
}
