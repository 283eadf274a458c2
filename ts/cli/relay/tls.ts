import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { messageOf, UsageError } from "../status.ts";

/** A certificate and its key in PEM. */
export interface Tls {
  cert: Buffer;
  key: Buffer;
}

/**
 * Reads the files of --cert and --key. Throws a {@link UsageError} that names the option and the
 * file if one cannot be read or has no such content, or if they do not belong together: OpenSSL
 * accepts an RSA certificate with an EC key, and every handshake fails then.
 */
export async function readTls(certFile: string, keyFile: string): Promise<Tls> {
  const [certOption, keyOption] = [`--cert ${certFile}`, `--key ${keyFile}`];
  const cert = await read(certOption, certFile);
  const key = await read(keyOption, keyFile);
  const certificate = certificateOf(certOption, cert);
  if (!certificate.checkPrivateKey(keyOf(keyOption, key))) {
    throw new UsageError(`${keyOption} is not the key of ${certOption}`);
  }
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw new UsageError(`${certOption}: ${reasonOf(error)}`);
  }
  return { cert, key };
}

/** The text of a warning if a certificate is not valid now; undefined if it is. */
export function expiryOf({ cert }: Tls, now: number): string | undefined {
  const { validFrom, validTo } = new X509Certificate(cert);
  if (now > Date.parse(validTo)) return `--cert: the certificate has expired on ${validTo}`;
  if (now < Date.parse(validFrom)) return `--cert: the certificate is valid from ${validFrom} on`;
  return undefined;
}

async function read(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new UsageError(`${option}: ${messageOf(error)}`);
  }
}

function certificateOf(option: string, pem: Buffer): X509Certificate {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new UsageError(`${option}: the file has no certificate in PEM`);
  }
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new UsageError(`${option}: the certificate is broken: ${reasonOf(error)}`);
  }
}

function keyOf(option: string, pem: Buffer): KeyObject {
  const [, kind = ""] = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----/.exec(pem.toString("latin1")) ?? [];
  if (kind.startsWith("ENCRYPTED") || pem.includes("Proc-Type: 4,ENCRYPTED")) {
    throw new UsageError(`${option}: the key is encrypted; the relay asks for no passphrase`);
  }
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new UsageError(`${option}: the file has no private key in PEM: ${reasonOf(error)}`);
  }
}

/** OpenSSL's own words, without the number, the routine, and the place in its source. */
export function reasonOf(error: unknown): string {
  const text = messageOf(error);
  const [, reason] = /error:[\dA-F]+:[^:]*:[^:]*:([^:\n]*)/.exec(text) ?? [];
  return reason ?? text;
}
