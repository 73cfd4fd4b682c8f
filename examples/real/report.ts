import * as filesystem from './servers/filesystem';
import * as sqlite from './servers/sqlite';
import * as memory from './servers/memory';

// The month's files: about 60 KB each, read into variables and not into anybody's context.
const { content: allowed } = await filesystem.listAllowedDirectories();
const folder = allowed.split('\n')[1];
const { content: listing } = await filesystem.listDirectory({ path: folder });
const names = [...listing.matchAll(/\[FILE\] (\S+\.csv)/g)].map(match => match[1]);
const files = await Promise.all(
  names.map(name => filesystem.readTextFile({ path: `${folder}/${name}` })),
);
const orders = files.flatMap(file => file.content.trim().split('\n').slice(1).map(line => line.split(',')));

// Into the database, 500 rows a statement.
await sqlite.writeQuery({ query: 'DROP TABLE IF EXISTS orders' }).catch(() => undefined);
await sqlite.createTable({
  query: 'CREATE TABLE orders (id TEXT PRIMARY KEY, day TEXT, region TEXT, sku TEXT, quantity INT, cents INT)',
});
for (let at = 0; at < orders.length; at += 500) {
  const values = orders
    .slice(at, at + 500)
    .map(([id, day, region, sku, quantity, cents]) => `('${id}','${day}','${region}','${sku}',${quantity},${cents})`);
  await sqlite.writeQuery({ query: `INSERT INTO orders VALUES ${values.join(',')}` });
}

// This server answers rows as Python writes them: let SQLite make one JSON text of them.
async function query(columns: string[], rest: string): Promise<any[]> {
  const pairs = columns.map(column => `'${column}', ${column}`).join(', ');
  const text = await sqlite.readQuery({
    query: `SELECT json_group_array(json_object(${pairs})) AS j FROM (SELECT ${rest})`,
  }) as string;
  return JSON.parse(text.slice(text.indexOf('[', 1), text.lastIndexOf(']', text.length - 2) + 1));
}
const regions = await query(
  ['region', 'orders', 'cents'],
  'region, COUNT(*) AS orders, SUM(quantity * cents) AS cents FROM orders GROUP BY region ORDER BY cents DESC',
);
const best = await query(
  ['sku', 'pieces'],
  'sku, SUM(quantity) AS pieces FROM orders GROUP BY sku ORDER BY pieces DESC, sku LIMIT 3',
);

// What the next quarter should remember.
await memory.createEntities({
  entities: [{
    name: 'orders 2026 Q3',
    entityType: 'report',
    observations: regions.map(({ region, cents }) => `${region}: ${(cents / 100).toFixed(2)} EUR`),
  }],
});
const graph = await memory.searchNodes({ query: 'Q3' });

return { files: names, orders: orders.length, regions, best, remembered: graph.entities.length };
