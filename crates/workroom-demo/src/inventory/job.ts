import * as shop from './servers/shop';
import * as marketplace from './servers/marketplace';
import * as warehouse from './servers/warehouse';
import * as accounting from './servers/accounting';

const from = '2026-10-23', to = '2026-11-19', today = Date.UTC(2026, 10, 20) / 864e5;
const [products, orders, listings, sales, stock, inbound, articles, suppliers, purchases] = await Promise.all([
  paginate(shop.listProducts, { status: 'active', per_page: 100 }),
  paginate(shop.listOrders, { created_from: from, created_to: to, per_page: 100 }),
  paginate(marketplace.listListings, { state: 'ACTIVE', pageSize: 100 }),
  paginate(marketplace.getSalesReport, { dateFrom: from, dateTo: to, pageSize: 100 }),
  paginate(warehouse.listStock, { condition: 'SELLABLE', limit: 250 }),
  paginate(warehouse.listInboundShipments, { status: 'OPEN', limit: 250 }),
  paginate(accounting.listArticles, { limit: 100 }), paginate(accounting.listSuppliers, { limit: 100 }),
  paginate(accounting.listPurchaseOrders, { status: 'open', limit: 100 }),
]);

// SKU-00017, sku-17, SKU00017 and SKU_00017 are one article, number 17.
const num = name => Number(/^sku\D?(\d+)$/i.exec(name ?? '')?.[1]);
function sum(rows, key, units) {
  const sums = new Map();
  for (const row of rows) sums.set(num(row[key]), (sums.get(num(row[key])) ?? 0) + units(row));
  return n => sums.get(n) ?? 0;
}
const offered = sum(listings, 'sellerSku', l => l.quantityAvailable * l.unitsPerPack);
const available = sum(stock, 'item_code', s => s.quantity * (s.units_per_carton ?? 1) - s.allocated_units);
const lines = orders.filter(o => o.status !== 'cancelled').flatMap(o => o.lines);
const soldHere = sum(lines, 'sku', l => l.quantity - l.refunded_quantity);
const soldThere = sum(sales, 'sellerSku', r => r.packsSold * r.unitsPerPack);
const onOrder = sum(purchases.flatMap(p => p.lines), 'article', l => l.qty_ordered - l.qty_received);
const dated = inbound.filter(s => s.eta).flatMap(s => {
  const [d, m, y] = s.eta.split('/').map(Number);
  return s.lines.map(l => ({ ...l, day: Date.UTC(y, m - 1, d) / 864e5 }));
});
const article = new Map<any, any>(articles.map(a => [num(a.article), a]));
const leads = new Map(suppliers.map(({ supplier_no, lead_time: t }) => [supplier_no, t.value * (t.unit === 'weeks' ? 7 : 1)]));

const report = products.map(({ sku, category }) => {
  const n = num(sku), a = article.get(n), here = available(n), sold = soldHere(n) + soldThere(n);
  const lead = a.lead_time_days ?? leads.get(a.supplier_no), demand = Math.ceil(lead * sold / 28);
  const soon = dated.filter(l => num(l.item_code) === n && l.day <= today + lead);
  const arriving = soon.reduce((t, l) => t + l.cartons * l.units_per_carton, 0);
  const need = demand + (a.safety_stock ?? Math.ceil(sold / 4)) - here - onOrder(n);
  const reorder = Math.ceil(Math.max(0, need) / a.carton_qty) * a.carton_qty;
  return {
    n, sku, category: category.name, reorder, cost: reorder * Math.round(Number(a.unit_cost) * 100),
    short: Math.max(0, offered(n) - here), missing: Math.max(0, demand - here - arriving),
    days_left: Math.floor(here * 28 / sold),
  };
}).sort((a, b) => a.n - b.n);

const ranked = (key) => report.filter(r => r[key] > 0).sort((a, b) => b[key] - a[key]);
const total = (key) => report.reduce((t, r) => t + r[key], 0);
const worst = (rows, keys) => rows.slice(0, 3).map(r => Object.fromEntries(keys.map(k => [k, r[k]])));
const short = ranked('short'), out = ranked('missing'), order = ranked('reorder');
const listed = new Set(listings.map(l => num(l.sellerSku))), skus_by_category = {};
for (const { category: c } of order) skus_by_category[c] = (skus_by_category[c] ?? 0) + 1;
return {
  compared: report.filter(r => listed.has(r.n)).length,
  short: { skus: short.length, units: total('short'), worst: worst(short, ['sku', 'short', 'reorder']) },
  stockouts: { skus: out.length, worst: worst(out, ['sku', 'days_left', 'missing']) },
  reorder: { skus: order.length, units: total('reorder'), cost_cents: total('cost'), skus_by_category },
  checksum: report.reduce((c, r) => (c * 31 + r.n + 3 * r.short + 7 * r.missing + 11 * r.reorder) % 1000000007, 0),
};
