SwaggerUIBundle({
  url: "/-/openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null, // no request leaves the machine
  docExpansion: "none",
  defaultModelsExpandDepth: 0,
});
