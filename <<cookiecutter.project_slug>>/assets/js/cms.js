// Starts the choosers and panels in Wagtail's forms, for which Wagtail uses inline scripts:
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
    // Start it only once, even if the form is moved.
    this.element.remove();
    if (/^[A-Z]/.test(this.nameValue)) {
      Reflect.construct(start, parameters);
    } else {
      start(...parameters);
    }
  }
}

window.wagtail.app.register("site-start", StartController);
