// Validates custom resources by the CustomResourceDefinitions that the packages of @kubernetes-models carry.
//
//     npm install --prefix /tmp/models @kubernetes-models/cloudnative-pg@0.1.4 @kubernetes-models/gateway-api@2.0.0 @kubernetes-models/prometheus-operator@6.0.0
//     kubectl kustomize OVERLAY | python -c "import json, sys, yaml; print(json.dumps([*yaml.safe_load_all(sys.stdin)]))" | node custom_resources.mjs /tmp/models
import fs from "node:fs";
import { createRequire } from "node:module";

const folder = `${process.argv[2]}/node_modules/@kubernetes-models/`;
const require = createRequire(folder);
const packages = {
  "postgresql.cnpg.io/v1": "cloudnative-pg",
  "gateway.networking.k8s.io/v1": "gateway-api",
  "monitoring.coreos.com/v1": "prometheus-operator",
};

const counts = { valid: 0, refused: 0 };
for (const document of JSON.parse(fs.readFileSync(0))) {
  if (!(document.apiVersion in packages)) continue;
  const kinds = require(`${folder}${packages[document.apiVersion]}/${document.apiVersion}/index.js`);
  try {
    new kinds[document.kind](document).validate();
    counts.valid += 1;
  } catch (error) {
    counts.refused += 1;
    console.log(`${document.kind} ${document.metadata.name}: ${error.message}`);
  }
}
console.log(`${counts.valid} valid, ${counts.refused} refused`);
process.exit(counts.refused || !counts.valid ? 1 : 0);
