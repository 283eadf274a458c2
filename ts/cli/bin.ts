#!/usr/bin/env node
import { main } from "./main.ts";

const { stdin, stdout, stderr, env } = process;
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env });
// a pending read of stdin would keep the process alive
stdin.destroy();
