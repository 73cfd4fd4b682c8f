// What agents' scripts do with 10 MB of records. Each step gives something small, so that the
// engines can be compared by value too. Runs in the sandbox, in native QuickJS and in Node.
globalThis.work = (() => {
  let seed = 12345;
  const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff;
  const teams = ["eng", "ops", "sales", "hr", "legal", "fin", "research", "support"];
  const records = [];
  for (let i = 0; i < 40000; i++) {
    records.push({
      id: i,
      name: `User ${i}`,
      email: `user${i}@example.com`,
      team: teams[(random() * 8) | 0],
      active: random() > 0.3,
      amount: Math.round(random() * 1e6) / 100,
      tags: [`t${(random() * 50) | 0}`, `k${(random() * 50) | 0}`],
      address: {
        city: `City${(random() * 500) | 0}`,
        zip: `${(random() * 89999) | 0}`,
        score: random(),
      },
      note: `lorem ipsum dolor sit amet consectetur ${i}`,
    });
  }
  const text = JSON.stringify(records);
  let parsed = records;
  return {
    parse() {
      parsed = JSON.parse(text);
      return text.length;
    },
    filter() {
      return parsed.filter((row) => row.active && row.amount > 1000)
        .map((row) => ({ id: row.id, value: row.amount * row.address.score })).length;
    },
    sort() {
      return parsed.slice().sort((a, b) => b.amount - a.amount || a.id - b.id)[0].id;
    },
    group() {
      const groups = {};
      for (const row of parsed) (groups[row.address.city] ??= []).push(row);
      const sums = Object.entries(groups)
        .map(([city, rows]) => [city, rows.reduce((sum, row) => sum + row.amount, 0)]);
      return sums.sort((a, b) => b[1] - a[1])[0][0];
    },
    stringify() {
      return JSON.stringify(parsed).length;
    },
  };
})();
