// Shows the documents that this service describes itself with.
fetch("sources.json")
  .then((answer) => answer.json())
  .then((urls) => {
    const one = urls.length === 1;
    document.body.classList.toggle("single", one);
    window.ui = SwaggerUIBundle({
      dom_id: "#page",
      ...(one ? { url: urls[0].url } : { urls }),
      deepLinking: true,
      validatorUrl: null,
      tryItOutEnabled: true,
      defaultModelsExpandDepth: 0,
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
      layout: "StandaloneLayout",
      onComplete: () => {
        const title = window.ui.specSelectors.info().get("title");
        if (title) document.title = title;
      },
    });
  });
