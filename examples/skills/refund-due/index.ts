import * as orders from './servers/orders';
import * as accounts from './servers/accounts';
import * as refunds from './servers/refunds';

const DAY = 24 * 60 * 60 * 1000;

/** `12.50` as cents; anything else is an error. */
function cents(value: unknown, name: string): number {
  const parts = typeof value === 'string' ? /^(\d+)\.(\d{2})$/.exec(value) : null;
  if (!parts) throw new Error(`${name} is no amount such as 12.50: ${JSON.stringify(value)}`);
  return Number(parts[1] + parts[2]);
}

/** Digits as a number; anything else is an error. */
function count(value: unknown, name: string): number {
  if (typeof value !== 'string' || !/^\d+$/.test(value)) throw new Error(`${name} is no count: ${JSON.stringify(value)}`);
  return Number(value);
}

/** `20.11.2026` as milliseconds; anything else is an error. */
function delivered(value: unknown): number {
  const parts = typeof value === 'string' ? /^(\d{2})\.(\d{2})\.(\d{4})$/.exec(value) : null;
  if (!parts) throw new Error(`delivered_on is no day such as 20.11.2026: ${JSON.stringify(value)}`);
  return Date.UTC(Number(parts[3]), Number(parts[2]) - 1, Number(parts[1]));
}

export async function run(input: {
  /** Its number, six digits. */
  order: string;
  reason: 'damaged' | 'wrong_item' | 'late' | 'changed_mind';
  /** The day of the complaint: 2026-11-20. */
  today: string;
}): Promise<{ order: string; decision: 'refund' | 'too_late' | 'lead'; cents: number; until: string }> {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(input.today)) throw new Error('`today` is no day such as 2026-11-20');
  const order = await orders.getOrder({ number: input.order });
  if (order?.number !== input.order) throw new Error(`it is another order: ${JSON.stringify(order?.number)}`);
  if (order.state !== 'delivered') throw new Error(`the order is not delivered: ${JSON.stringify(order.state)}`);
  if (typeof order.account_id !== 'string') throw new Error('account_id is no text');
  if (order.total?.currency !== 'EUR') throw new Error(`the total is not in EUR: ${JSON.stringify(order.total)}`);

  const account = await accounts.getAccount({ account_id: order.account_id });
  if (account?.id !== order.account_id) throw new Error(`it is another account: ${JSON.stringify(account?.id)}`);
  if (account.tier !== 'gold' && account.tier !== 'standard') throw new Error(`tier is unknown: ${JSON.stringify(account.tier)}`);

  const page = await refunds.listRefundRules({});
  if (typeof page?.has_more !== 'boolean') throw new Error('the list of rules does not say whether it goes on');
  const rules = await paginate(refunds.listRefundRules);
  const fitting = rules.filter((rule) => rule?.reason === input.reason);
  if (fitting.length !== 1) throw new Error(`there are ${fitting.length} rules for ${input.reason}`);
  const rule = fitting[0];
  const extra = count(rule.gold_extra_days, 'gold_extra_days');
  const days = count(rule.window_days, 'window_days') + (account.tier === 'gold' ? extra : 0);
  const until = delivered(order.delivered_on) + days * DAY;
  const percent = count(rule.percent, 'percent');
  if (percent > 100) throw new Error(`percent is ${percent}`);
  const due = Math.round((cents(order.total.value, 'total') * percent) / 100);
  const isLate = Date.parse(input.today) > until;
  const decision = isLate ? 'too_late' : due > cents(rule.cap, 'cap') ? 'lead' : 'refund';
  return { order: order.number, decision, cents: isLate ? 0 : due, until: new Date(until).toISOString().slice(0, 10) };
}

export const checks = [
  function nothingIsPaidTooLate(input: { today: string }, output: { decision: string; cents: number; until: string }) {
    return (output.decision === 'too_late') === (input.today > output.until) && (output.decision !== 'too_late' || output.cents === 0);
  },
  function itIsTheOrderThatWasAskedFor(input: { order: string }, output: { order: string }) {
    return output.order === input.order;
  },
];
