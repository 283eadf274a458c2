#!/usr/bin/env node
import { main } from "./main.ts";

const { stdin, stdout, stderr, env } = process;
process.exitCode = await main(process.argv.slice(2), { stdin, stdout, stderr, env });
// nobody reads it any more, and it would keep the process
stdin.destroy();
