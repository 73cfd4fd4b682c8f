import * as matters from './servers/matters';
import * as documents from './servers/documents';
import * as calendar from './servers/calendar';
import * as mail from './servers/mail';
import * as crm from './servers/crm';

const matter_number = '2024-0187';
const [matter] = (await matters.searchMatters({ query: matter_number })).data;
const matter_id = matter.id, { account_id } = matter.client;
const [issues, docket, [doc], closed, contacts] = await Promise.all([
  paginate(matters.listMatterIssues, { matter_id }),
  paginate(matters.listDeadlines, { matter_id, status: 'open' }),
  paginate(documents.searchDocuments, { query: 'deposition transcript', matter_number }),
  paginate(calendar.listCourtHolidays, {}),
  paginate(crm.listContacts, { account_id }),
]);
const said = [];
for (let p = 1; p <= doc.pages; p += 50) {
  const { pages } = await documents.getDocumentText({ document_id: doc.id, from_page: p, to_page: p + 49 });
  for (const { page, text } of pages) for (const line of text.split('\n')) {
    const [, n, indent, t] = /^ *(\d+)   ( *)(.*)/.exec(line) ?? [];
    if (!t) continue;
    if (indent) said.push({ from: `${page}:${n}`, t });
    else said.at(-1).t += ' ' + t;
    said.at(-1).to = `${page}:${n}`;
  }
}
const talk = said.filter(s => /^[QA]\./.test(s.t));
const passages = talk.flatMap((q, i) => {
  const a = talk[i + 1];
  if (q.t[0] !== 'Q' || a?.t[0] !== 'A' || /don't (recall|know|remember)/.test(a.t)) return [];
  return `- ${q.from}-${a.to}: ${q.t} ${a.t}`.replace(/ ([QA]\.)  /g, ' $1 ');
});
const coded = issues.filter(i => i.status === 'open').map(({ title, key_terms }) =>
  ({ title, lines: passages.filter(p => key_terms.some(k => p.toLowerCase().includes(k))) }));

const iso = d => new Date(d).toISOString().slice(0, 10), DAY = 864e5;
const all = said.map(s => s.t).join('\n');
const taken = Date.parse(/Taken on (.*?, \d+)/.exec(all)[1]);
const courtDay = t => [0, 6].includes(new Date(t).getUTCDay()) || closed.some(h => h.date === iso(t)) ? courtDay(t + DAY) : iso(t);
const due = docket.map(d => ({ title: d.title, day: iso(d.due) }));
for (const [, title, n] of all.matchAll(/\(Information requested: (.*?); due within .*?\((\d+)\)/g))
  due.push({ title, day: courtDay(taken + n * DAY) });
due.sort((a, b) => a.day < b.day ? -1 : 1);

const witness = /- (.*)\.txt/.exec(doc.name)[1];
const summary = await documents.createDocument({
  matter_number, folder: 'Discovery/Summaries', name: `Deposition summary - ${witness}.md`,
  content: coded.map(c => [`## ${c.title}`, ...c.lines].join('\n')).join('\n\n'),
});
await Promise.all(due.map(({ title, day }) => calendar.createEvent({
  calendar_id: 'cal_lit', summary: `${matter_number}: ${title}`, start: { date: day }, end: { date: iso(Date.parse(day) + DAY) },
})));
const who = contacts.find(c => c.role === 'primary'), { address } = who.emails.find(e => e.preferred);
const list = rows => `<ul>${rows.map(r => `<li>${r}</li>`).join('')}</ul>`;
const subject = `${matter_number}: deposition of ${witness}`;
await mail.sendMessage({
  to: [{ emailAddress: { name: `${who.first_name} ${who.last_name}`, address } }], subject,
  body: { contentType: 'HTML', content: `<p>Dear ${who.salutation} ${who.last_name}:</p><p>We took the deposition of ${witness} on ${iso(taken)}. These are the key passages for each issue:</p>${list(coded.map(c => `${c.title}: ${c.lines.length}`))}<p>These deadlines follow:</p>${list(due.map(d => `${d.day}: ${d.title}`))}<p>We will call you to discuss them.</p>` },
});
await crm.logActivity({ account_id, type: 'letter', subject, matter_number, document_id: summary.id });
return { passages: Object.fromEntries(coded.map(c => [c.title, c.lines.length])), deadlines: due.length, to: address };
