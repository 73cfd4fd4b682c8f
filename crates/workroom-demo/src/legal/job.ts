import { getMatter } from './servers/matters';
import { listDocuments, getDocumentText, createDocument } from './servers/documents';
import { listCourtHolidays, createEvent } from './servers/calendar';
import { listContacts, logActivity } from './servers/crm';
import { sendMessage } from './servers/mail';
{
const number = '2024-0187', matter = await getMatter({ number }), { account_id } = matter.client;
const [doc] = await paginate(listDocuments, { matter_number: number, kind: 'Transcript' });
const holidays = await paginate(listCourtHolidays);
const [client] = await paginate(listContacts, { account_id, role: 'primary' });
const said = [];
for (const { page, text } of (await getDocumentText({ document_id: doc.id })).pages)
  for (const [, n, indent, t] of text.matchAll(/^ *(\d+)   ( *)(.+)/gm)) {
    if (indent) said.push({ from: `${page}:${n}`, t });
    else said.at(-1).t += ' ' + t;
    said.at(-1).to = `${page}:${n}`;
  }
const talk = said.filter(s => /^[QA]\./.test(s.t)), passages = [];
talk.forEach((q, i) => {
  const a = talk[i + 1];
  if (q.t[0] + a?.t[0] === 'QA' && !/don't (recall|know|remember)/.test(a.t))
    passages.push(`- ${q.from}-${a.to}: ${q.t} ${a.t}`);
});
const open = x => x.status === 'open', issues = matter.issues.filter(open).map(({ title, key_terms }) =>
  ({ title, hits: passages.filter(p => key_terms.some(k => p.toLowerCase().includes(k))) }));

const day = t => new Date(t).toISOString().slice(0, 10);
const due = matter.deadlines.filter(open).map(d => [day(d.due), d.title]);
const all = said.map(s => s.t).join('\n'), taken = /Taken on (.*?\d{4})/.exec(all)[1];
for (const [, title, n] of all.matchAll(/Information requested: (.*?); due within .*?\((\d+)/g)) {
  let d = Date.parse(taken) + n * 864e5;
  while (new Date(d).getDay() % 6 === 0 || holidays.some(h => h.date === day(d))) d += 864e5;
  due.push([day(d), title]);
}
due.sort();

const witness = /- (.*)\.txt/.exec(doc.name)[1], subject = `${number}: deposition of ${witness}`;
const { id } = await createDocument({
  matter_number: number, folder: 'Discovery/Summaries', name: `Deposition summary - ${witness}.md`,
  content: issues.map(i => [`## ${i.title}`, ...i.hits].join('\n')).join('\n\n'),
});
for (const [date, title] of due)
  await createEvent({ calendar_id: 'cal_lit', summary: `${number}: ${title}`, start: { date } });
const ul = rows => `<ul><li>${rows.join('</li><li>')}</li></ul>`;
const address = client.preferred_email;
await sendMessage({ to: [{ emailAddress: { address } }], subject, body: { contentType: 'HTML', content:
  `<p>Dear ${client.salutation} ${client.last_name}:</p><p>We deposed ${witness} on ${taken}. Key passages:</p>${ul(issues.map(i => `${i.title}: ${i.hits.length}`))}<p>Deadlines:</p>${ul(due.map(d => d.join(': ')))}` } });
await logActivity({ account_id, type: 'letter', subject, matter_number: number, document_id: id });
return { passages: Object.fromEntries(issues.map(i => [i.title, i.hits.length])), deadlines: due.length, to: address };
}
