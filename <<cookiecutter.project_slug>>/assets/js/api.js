// The page /api/: Swagger UI, which its own script has added to the window.
const page = document.querySelector("#api");

globalThis.SwaggerUIBundle({
  domNode: page,
  url: page.dataset.description,
  deepLinking: true,
  // Otherwise, the site's URL is sent to swagger.io.
  validatorUrl: null,
  requestInterceptor(request) {
    if (new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = page.dataset.csrfToken;
    }
    return request;
  },
});
