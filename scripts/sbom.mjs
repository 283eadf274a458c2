// Writes dist/sbom.cdx.json: a CycloneDX bill of materials with the original's files, which the
// module is compiled from, and the npm packages that the bundler put into the command.
import { readFileSync, writeFileSync } from "node:fs";
import { Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library";

const json = (file) => JSON.parse(readFileSync(file, "utf8"));
const { name, version, description, license } = json("package.json");
const licenses = (id) => new Models.LicenseRepository([new Models.SpdxLicense(id)]);

const original = (file) =>
  new Models.Component(Enums.ComponentType.File, file.name, {
    bomRef: `openbsd:${file.name}`,
    version: file.revision,
    supplier: new Models.OrganizationalEntity({ name: "OpenBSD" }),
    hashes: new Models.HashDictionary([[Enums.HashAlgorithm["SHA-256"], file.sha256]]),
  });

const carried = (dependency) => {
  const purl = `pkg:npm/${dependency.name.replace("@", "%40")}@${dependency.version}`;
  return new Models.Component(Enums.ComponentType.Library, dependency.name, {
    bomRef: purl,
    version: dependency.version,
    purl,
    licenses: licenses(dependency.license),
  });
};

const component = new Models.Component(Enums.ComponentType.Library, name, {
  bomRef: `pkg:npm/${name}@${version}`,
  version,
  description,
  purl: `pkg:npm/${name}@${version}`,
  licenses: licenses(license),
});
const components = [
  ...json("c-src/upstream.lock").files.map(original),
  ...json("build/carried.json").map(carried),
];
for (const part of components) component.dependencies.add(part.bomRef);

const bom = new Models.Bom({
  metadata: new Models.Metadata({ component }),
  components: new Models.ComponentRepository(components),
});
const normalizers = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6);
const text = new Serialize.JsonSerializer(normalizers).serialize(bom, {
  sortLists: true,
  space: 2,
});
writeFileSync("dist/sbom.cdx.json", `${text}\n`);
