import { listReferrals, getPatient, markReferralSent } from './servers/ehr';
import { registerReferral } from './servers/intake';
import { sendEmail } from './servers/mailer';

const departments = {};
async function refer({ id, patient_id, specialty, priority, reason }) {
  const { name: { family, given }, address, insurance, ...p } = await getPatient({ patient_id });
  const { case_number, visit } = await registerReferral({
    external_id: id, family_name: family, given_name: given, birth_date: p.birthDate, record_number: p.mrn,
    email: p.email, phone: p.phone, street: address.line, city: address.city, zip: address.postalCode,
    payer: insurance.payer, member_id: insurance.memberId, specialty, priority, reason,
  });
  const { date, time, department } = visit;
  await Promise.all([
    markReferralSent({ referral_id: id, case_number }),
    sendEmail({ to: p.email, subject: `Your appointment in ${department}`,
      text: `Dear ${given} ${family}, your visit in ${department} is on ${date} at ${time}. Your case number is ${case_number}.` }),
  ]);
  departments[department] = (departments[department] ?? 0) + 1;
  return { ...p, given, family, address, insurance, reason };
}
const ready = await paginate(listReferrals, { status: 'ready', per_page: 100 });
const cases = await Promise.all(ready.map(refer));
return { registered: cases.length, departments, first: cases[0] };
