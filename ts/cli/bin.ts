#!/usr/bin/env node
import { main } from "./main.ts";

/** Milliseconds for which an open handle, such as a stalled log, may delay the exit. */
const LINGER = 300;

const { stdin, stdout, stderr, env } = process;
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env });
// a pending read of stdin would keep the process alive
stdin.destroy();
setTimeout(() => process.exit(), LINGER).unref();
