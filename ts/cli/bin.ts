#!/usr/bin/env node
import { main } from "./main.ts";

/** Milliseconds after the command that a handle may keep the process, such as a stalled log. */
const LINGER = 300;

const { stdin, stdout, stderr, env } = process;
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env });
// a pending read of stdin would keep the process alive
stdin.destroy();
setTimeout(() => process.exit(), LINGER).unref();
