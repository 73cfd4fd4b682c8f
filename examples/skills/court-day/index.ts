import * as calendar from './servers/calendar';

const DAY = 24 * 60 * 60 * 1000;

/** A day as milliseconds; anything but 2026-11-16 is an error. */
function day(value: unknown, name: string): number {
  const time = typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(time)) throw new Error(`${name} is no day such as 2026-11-16: ${JSON.stringify(value)}`);
  return time;
}

export async function run(input: {
  /** The day from which is counted: 2026-11-16. */
  from: string;
  /** After how many days it is due. */
  days: number;
}): Promise<{ due: string; skipped: { date: string; why: string }[] }> {
  const from = day(input.from, 'from');
  if (!Number.isInteger(input.days) || input.days < 0) throw new Error('`days` is no count');
  const page = await calendar.listCourtHolidays({});
  if (page?.nextPageToken !== null && typeof page?.nextPageToken !== 'string') {
    throw new Error('the list of holidays does not say whether it goes on');
  }
  const holidays = await paginate(calendar.listCourtHolidays);
  const closed = new Map<number, string>();
  for (const holiday of holidays) {
    if (typeof holiday?.name !== 'string' || holiday.name === '') throw new Error('a holiday has no name');
    closed.set(day(holiday.date, 'date'), holiday.name);
  }
  // Without any closed day the list is not this court's: a deadline would be a day early.
  if (closed.size === 0) throw new Error('the court tells of no closed day');
  let due = from + input.days * DAY;
  const year = (time: number) => new Date(time).getUTCFullYear();
  const years = new Set([...closed.keys()].map(year));
  const skipped: { date: string; why: string }[] = [];
  for (;;) {
    if (!years.has(year(due))) throw new Error(`the court tells of no closed day in ${year(due)}`);
    const weekday = new Date(due).getUTCDay();
    const why = weekday % 6 === 0 ? 'weekend' : closed.get(due);
    if (!why) break;
    skipped.push({ date: new Date(due).toISOString().slice(0, 10), why });
    due += DAY;
  }
  return { due: new Date(due).toISOString().slice(0, 10), skipped };
}

export const checks = [
  function itIsNoWeekend(_: unknown, output: { due: string }) {
    return new Date(output.due).getUTCDay() % 6 !== 0;
  },
  function itIsNotBeforeTheDaysAreOver(input: { from: string; days: number }, output: { due: string }) {
    return Date.parse(output.due) >= Date.parse(input.from) + input.days * DAY;
  },
];
