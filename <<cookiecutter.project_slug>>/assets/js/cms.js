// Starts the choosers and panels of Wagtail's forms, which it starts by inline scripts itself:
// https://docs.wagtail.org/en/stable/extending/extending_client_side.html
const ALLOWED = /^((init|create)?[A-Z]\w*Chooser|InlinePanel|MultipleChooserPanel)$/;

class StartController extends window.StimulusModule.Controller {
  static values = { name: String, id: String, options: Object };

  connect() {
    const start = ALLOWED.test(this.nameValue) && window[this.nameValue];
    const parameters = [
      ...(this.hasIdValue ? [this.idValue] : []),
      ...(this.hasOptionsValue ? [this.optionsValue] : []),
    ];
    // Once, also where the form is moved.
    this.element.remove();
    if (/^[A-Z]/.test(this.nameValue)) {
      Reflect.construct(start, parameters);
    } else {
      start(...parameters);
    }
  }
}

window.wagtail.app.register("site-start", StartController);
