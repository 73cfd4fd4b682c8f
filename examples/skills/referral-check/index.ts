import * as ehr from './servers/ehr';

const PRIORITIES = ['routine', 'urgent', 'stat'];

export async function run(input: {
  /** The referral's id: R20000. */
  referralId: string;
}): Promise<{ referralId: string; specialty: string; priority: string; complete: boolean; missing: string[] }> {
  const referral = await ehr.getReferral({ referral_id: input.referralId });
  if (referral?.id !== input.referralId) throw new Error(`it is another referral: ${JSON.stringify(referral?.id)}`);
  for (const name of ['patient_id', 'specialty', 'priority', 'status', 'reason']) {
    if (typeof referral[name] !== 'string') throw new Error(`${name} is no text: ${JSON.stringify(referral[name])}`);
  }
  if (!PRIORITIES.includes(referral.priority)) throw new Error(`priority is unknown: ${referral.priority}`);

  const patient = await ehr.getPatient({ patient_id: referral.patient_id });
  if (patient?.id !== referral.patient_id) throw new Error(`it is another patient: ${JSON.stringify(patient?.id)}`);
  const needed: Record<string, unknown> = {
    'name.family': patient.name?.family,
    'name.given': patient.name?.given,
    birthDate: patient.birthDate,
    mrn: patient.mrn,
    email: patient.email,
    phone: patient.phone,
    'address.line': patient.address?.line,
    'address.city': patient.address?.city,
    'address.postalCode': patient.address?.postalCode,
    'insurance.payer': patient.insurance?.payer,
    'insurance.memberId': patient.insurance?.memberId,
  };
  const missing: string[] = [];
  for (const [name, value] of Object.entries(needed)) {
    if (typeof value !== 'string') throw new Error(`${name} is no text: ${value === null ? 'null' : typeof value}`);
    if (value.trim() === '') missing.push(name);
  }
  if (referral.reason.trim() === '') missing.push('reason');
  return {
    referralId: referral.id,
    specialty: referral.specialty,
    priority: referral.priority,
    complete: missing.length === 0,
    missing,
  };
}

export const checks = [
  function completeMeansNothingIsMissing(_: unknown, output: { complete: boolean; missing: string[] }) {
    return output.complete === (output.missing.length === 0);
  },
];
