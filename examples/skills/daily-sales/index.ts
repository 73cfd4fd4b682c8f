import * as shop from './servers/shop';

const DAY = 24 * 60 * 60 * 1000;

/** A day as milliseconds; anything but 2026-11-16 is an error. */
function day(value: unknown, name: string): number {
  const time = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw new Error(`${name} is no day such as 2026-11-16: ${JSON.stringify(value)}`);
  return time;
}

/** `12408.33` as cents; anything else is an error. */
function cents(value: unknown, name: string): number {
  const parts = typeof value === 'string' ? /^(-?)(\d+)\.(\d{2})$/.exec(value) : null;
  if (!parts) throw new Error(`${name} is no amount such as 12.50: ${JSON.stringify(value)}`);
  return Number(`${parts[1]}${parts[2]}${parts[3]}`);
}

export async function run(input: {
  /** The first day: 2026-11-16. */
  from: string;
  /** The last day. */
  to: string;
}): Promise<{
  currency: string;
  days: number;
  orders: number;
  cents: number;
  best: { date: string; cents: number };
  worst: { date: string; cents: number };
}> {
  const [from, to] = [day(input.from, 'from'), day(input.to, 'to')];
  if (to < from) throw new Error('`to` is before `from`');
  const summary = await shop.getSalesSummary({ from: input.from, to: input.to });
  if (typeof summary?.currency !== 'string' || !/^[A-Z]{3}$/.test(summary.currency)) {
    throw new Error(`currency is none: ${JSON.stringify(summary?.currency)}`);
  }
  if (!Array.isArray(summary.days)) throw new Error('days is no list');
  const rows = summary.days.map((row) => {
    if (!Number.isInteger(row?.orders) || row.orders < 0) throw new Error(`orders is no count: ${JSON.stringify(row?.orders)}`);
    return { date: row.date, time: day(row.date, 'date'), orders: row.orders, cents: cents(row.net_sales, 'net_sales') };
  });
  rows.sort((a, b) => a.time - b.time);
  rows.forEach((row, at) => {
    if (row.time !== from + at * DAY) throw new Error(`the shop tells of ${row.date} and not of each day once`);
  });
  const days = (to - from) / DAY + 1;
  if (rows.length !== days) throw new Error(`the shop tells of ${rows.length} days of ${days}`);
  const ranked = [...rows].sort((a, b) => b.cents - a.cents || a.time - b.time);
  const shown = ({ date, cents }: { date: string; cents: number }) => ({ date, cents });
  return {
    currency: summary.currency,
    days,
    orders: rows.reduce((total, row) => total + row.orders, 0),
    cents: rows.reduce((total, row) => total + row.cents, 0),
    best: shown(ranked[0]),
    worst: shown(ranked[ranked.length - 1]),
  };
}

export const checks = [
  function theBestIsNoWorseThanTheWorst(_: unknown, output: { best: { cents: number }; worst: { cents: number } }) {
    return output.best.cents >= output.worst.cents;
  },
];
