import * as warehouse from './servers/warehouse';

/** The value if it is a whole number of at least 0, else an error that names it. */
function count(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0) {
    throw new Error(`${name} is no count: ${JSON.stringify(value)}`);
  }
  return value;
}

function oneOf(value: unknown, known: string[], name: string): string {
  if (typeof value !== 'string' || !known.includes(value)) {
    throw new Error(`${name} is none of ${known.join(', ')}: ${JSON.stringify(value)}`);
  }
  return value;
}

function text(value: unknown, name: string): string {
  if (typeof value !== 'string' || value === '') throw new Error(`${name} is no text: ${JSON.stringify(value)}`);
  return value;
}

export async function run(input: {
  /** As the warehouse writes it: SKU00201. */
  itemCode: string;
}): Promise<{ itemCode: string; free: number; places: { location: string; free: number }[] }> {
  const stock = await warehouse.getItemStock({ item_code: input.itemCode });
  if (stock?.item_code !== input.itemCode) {
    throw new Error(`the warehouse did not answer for ${input.itemCode}: ${JSON.stringify(stock?.item_code)}`);
  }
  if (!Array.isArray(stock.lines)) throw new Error('lines is no list');
  const places = stock.lines
    .map((line) => {
      const quantity = count(line?.quantity, 'quantity');
      const perUnit = oneOf(line.uom, ['EA', 'CTN'], 'uom') === 'EA' ? 1 : count(line.units_per_carton, 'units_per_carton');
      const allocated = count(line.allocated_units, 'allocated_units');
      const sellable = oneOf(line.condition, ['SELLABLE', 'DAMAGED', 'QUARANTINE'], 'condition') === 'SELLABLE';
      return { location: text(line.location, 'location'), units: quantity * perUnit, allocated, sellable };
    })
    .filter((line) => line.sellable);
  // The warehouse tells its own sums: rows that are missing or there twice show in them.
  const sum = (key: 'units' | 'allocated') => places.reduce((total, place) => total + place[key], 0);
  if (sum('units') !== count(stock.sellable_units, 'sellable_units')) {
    throw new Error(`the lines have ${sum('units')} sellable units, and sellable_units is ${stock.sellable_units}`);
  }
  if (sum('allocated') > count(stock.allocated_units, 'allocated_units')) {
    throw new Error(`the lines have ${sum('allocated')} allocated units, and allocated_units is ${stock.allocated_units}`);
  }
  return {
    itemCode: stock.item_code,
    free: sum('units') - sum('allocated'),
    places: places
      .map(({ location, units, allocated }) => ({ location, free: units - allocated }))
      .sort((a, b) => b.free - a.free || (a.location < b.location ? -1 : 1)),
  };
}

export const checks = [
  function freeIsTheSumOfItsPlaces(_: unknown, output: { free: number; places: { free: number }[] }) {
    return output.free === output.places.reduce((total, place) => total + place.free, 0);
  },
  function itIsTheArticleThatWasAskedFor(input: { itemCode: string }, output: { itemCode: string }) {
    return output.itemCode === input.itemCode;
  },
];
