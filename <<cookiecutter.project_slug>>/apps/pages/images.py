"""Validation of an image's form in addition to Wagtail's own."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from PIL import Image, ImageSequence
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm


class ImageField(WagtailImageField):
    """Decodes the whole file, as pages will; Wagtail's field reads only its header."""

    def to_python(self, data: Any) -> UploadedFile | None:
        try:
            # First, since it rejects images that need too much memory.
            file: UploadedFile | None = super().to_python(data)
            if file:
                with Image.open(file) as image:
                    for frame in ImageSequence.Iterator(image):
                        frame.load()
                file.seek(0)
        except ValidationError:
            raise
        # A decoder may raise any exception.
        except Exception as error:
            raise ValidationError(self.error_messages["invalid_image"], "invalid_image") from error
        return file


class ImageForm(BaseImageForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if field := self.fields.get("file"):
            self.fields["file"] = ImageField(
                label=field.label, required=field.required, widget=field.widget
            )
