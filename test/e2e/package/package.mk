# The package as it is published: make pack, make docs, make size.

.PHONY: pack ## Packs the package into build/
.PHONY: docs ## Writes the API reference into docs/api
.PHONY: size ## Checks the size of the entries


# build/imsg-wasm-VERSION.tgz; refused if the module is not the verified original's
pack: package
	@$(NODE) scripts/pack.mjs build

# docs/api; fails if an exported symbol has no doc comment
docs: node_modules/.package-lock.json ts/generated/imsg.ts ts/generated/imsg-debug.ts
	npx --no-install typedoc

size: package
	npx --no-install vitest run test/e2e/package/size.test.ts
