import { BuiltinGuardrail } from "./builtin.js";
import type { DetectorOptions } from "./guardrail.js";

/** Kinds of personal data; the documentation says what each is, and when it is found. */
export type PIIType =
  | "email" | "phone" | "ssn" | "creditCard" | "iban" | "ipAddress" | "macAddress" | "cryptoAddress" | "dateOfBirth"
  | "imei" | "vin" | "usItin" | "usEin" | "usRoutingNumber" | "usBankAccount" | "usPassport" | "usDriverLicense"
  | "usNpi" | "usDea" | "usMbi" | "caSin" | "ukNhs" | "ukNino" | "ukPassport" | "ukDrivingLicence" | "ukPostcode"
  | "ukVehicle" | "deTaxId" | "deTaxNumber" | "deVatId" | "deIdCard" | "dePassport" | "deHealthInsurance"
  | "deSocialSecurity" | "frNir" | "esNif" | "esNie" | "esPassport" | "itFiscalCode" | "itVat" | "itDriverLicense"
  | "plPesel" | "nlBsn" | "ptNif" | "sePersonnummer" | "seOrganisationsnummer" | "fiHetu" | "noFodselsnummer"
  | "chAhv" | "trNationalId" | "trPlate" | "brCpf" | "brCnpj" | "inAadhaar" | "inPan" | "inGstin" | "inPassport"
  | "inVoter" | "krRrn" | "krFrn" | "krBrn" | "krPassport" | "krDriverLicense" | "sgNric" | "sgUen" | "auAbn"
  | "auAcn" | "auTfn" | "auMedicare" | "zaId" | "jpMyNumber" | "cnResidentId" | "thNationalId" | "phTin" | "ngPlate"
  | "ngNin";

/** What {@link PIIDetectionGuardrail} is made from. */
export interface PIIDetectionOptions extends DetectorOptions<PIIType> {
  /** All if left out. */
  detectTypes?: PIIType[];
}

/**
 * Finds e-mail addresses, phone numbers, payment cards, addresses of networks, and the numbers of documents, accounts and
 * registers of some thirty countries. It blocks, at every stage, unless the options say otherwise.
 */
export class PIIDetectionGuardrail extends BuiltinGuardrail {
  constructor(options: PIIDetectionOptions = {}) {
    super("pii", options);
  }
}
