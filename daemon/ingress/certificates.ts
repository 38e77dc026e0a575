/**
 * The environment's root CA and the leaves it issues. P-256 throughout: under emulation an RSA key takes seconds, this
 * takes milliseconds. Valid from long ago, so that no step of the clock ever makes one invalid.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  X509Certificate,
} from "node:crypto";
import { bitString, boolean, explicit, implicit, integer, objectId, octetString, sequence, set, time, utf8String } from "./der.ts";

const NOT_BEFORE = new Date("2020-01-01T00:00:00Z");
const NOT_AFTER = new Date("2049-12-31T00:00:00Z");

const OID = {
  commonName: "2.5.4.3",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
  subjectKeyId: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  authorityKeyId: "2.5.29.35",
  extendedKeyUsage: "2.5.29.37",
  serverAuth: "1.3.6.1.5.5.7.3.1",
} as const;

export interface Identity {
  certPem: string;
  keyPem: string;
}

export function createRootCa(commonName: string): Identity {
  const { publicKey, privateKey } = newKeys();
  const name = nameOf(commonName);
  const extensions = [
    extension(OID.basicConstraints, true, sequence(boolean(true))),
    extension(OID.keyUsage, true, bitString(Uint8Array.of(0b0000_0110), 1)),
    extension(OID.subjectKeyId, false, octetString(keyId(publicKey))),
  ];
  return identity(certificate(name, name, publicKey, extensions, privateKey), privateKey);
}

/** One certificate for all of `hostnames`, wildcards included. */
export function issueLeaf(ca: Identity, hostnames: readonly string[]): Identity {
  const { publicKey, privateKey } = newKeys();
  const caKey = createPrivateKey(ca.keyPem);
  const issuer = nameOf(commonNameOf(new X509Certificate(ca.certPem).subject));
  const names = sequence(...hostnames.map((name) => implicit(2, Buffer.from(name, "ascii"))));
  const extensions = [
    extension(OID.basicConstraints, true, sequence()),
    extension(OID.keyUsage, true, bitString(Uint8Array.of(0b1000_0000), 7)),
    extension(OID.extendedKeyUsage, false, sequence(objectId(OID.serverAuth))),
    extension(OID.subjectAltName, false, names),
    extension(OID.subjectKeyId, false, octetString(keyId(publicKey))),
    extension(OID.authorityKeyId, false, sequence(implicit(0, keyId(createPublicKey(caKey))))),
  ];
  // A common name has 64 characters at most; clients read the alternative names.
  const subject = nameOf((hostnames[0] ?? "spectest").slice(0, 64));
  return identity(certificate(subject, issuer, publicKey, extensions, caKey), privateKey);
}

function newKeys(): { publicKey: KeyObject; privateKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function certificate(subject: Buffer, issuer: Buffer, publicKey: KeyObject, extensions: readonly Buffer[], signer: KeyObject): Buffer {
  const algorithm = sequence(objectId(OID.ecdsaWithSha256));
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive and without a leading zero
  const body = sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(serial),
    algorithm,
    issuer,
    sequence(time(NOT_BEFORE), time(NOT_AFTER)),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(...extensions)),
  );
  return sequence(body, algorithm, bitString(sign("sha256", body, signer)));
}

function nameOf(commonName: string): Buffer {
  return sequence(set(sequence(objectId(OID.commonName), utf8String(commonName))));
}

function commonNameOf(subject: string): string {
  return /^CN=(.*)$/m.exec(subject)?.[1] ?? "";
}

function extension(oid: string, critical: boolean, value: Buffer): Buffer {
  return sequence(objectId(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha1")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest();
}

function identity(der: Buffer, privateKey: KeyObject): Identity {
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  const certPem = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { certPem, keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}
