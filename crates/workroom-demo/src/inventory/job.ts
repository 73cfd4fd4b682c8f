{
const all = {}, num = s => +/sku\D*(\d+)/i.exec(s)?.[1], from = '2026-10-23', to = '2026-11-19';
for (const a of await paginate(accounting.listArticles))
  if (!a.blocked) all[num(a.article)] = { ...a, offered: 0, here: 0, sold: 0 };
async function add(key, tool, args, pieces) {
  for (const x of await paginate(tool, args)) for (const r of x.lines ?? [x]) {
    const a = all[num(r.sellerSku ?? r.item_code ?? r.sku)];
    if (a && x.status !== 'cancelled') a[key] += pieces(r);
  }
}
await add('offered', marketplace.listListings, { state: 'ACTIVE' }, r => r.quantityAvailable * r.unitsPerPack);
await add('here', warehouse.listStock, { condition: 'SELLABLE' }, r => r.quantity * (r.units_per_carton ?? 1) - r.allocated_units);
await add('sold', shop.listOrders, { created_from: from, created_to: to }, r => r.quantity - r.refunded_quantity);
await add('sold', marketplace.getSalesReport, { dateFrom: from, dateTo: to }, r => r.packsSold * r.unitsPerPack);
const find = (key, count) => {
  const list = Object.values<any>(all).filter(a => (a[key] = count(a)) > 0).sort((a, b) => b[key] - a[key]);
  return [list.length, list.reduce((sum, a) => sum + a[key], 0), list[0].article, list[0][key]];
};
return {
  short: find('short', a => a.offered - a.here),
  missing: find('missing', a => Math.ceil(a.sold * a.lead_time_days / 28) - a.here - a.qty_on_order),
  reorder: find('reorder', a => Math.ceil((a.missing + a.safety_stock) / a.carton_qty) * a.carton_qty),
};
}
