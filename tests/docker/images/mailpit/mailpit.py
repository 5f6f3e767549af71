"""An SMTP server that keeps mails in memory, with a part of Mailpit's API."""

import json
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller

messages = []


class Keep:
    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        mail = message_from_bytes(envelope.content, policy=policy.default)
        messages.append(
            {
                "From": {"Address": envelope.mail_from},
                "To": [{"Address": address} for address in envelope.rcpt_tos],
                "Subject": str(mail["Subject"]),
                "Text": mail.get_body(("plain",)).get_content(),
            }
        )
        return "250 OK"


class Api(BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802
        body = json.dumps({"total": len(messages), "messages": messages}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)


Controller(Keep(), hostname="0.0.0.0", port=1025).start()  # noqa: S104
ThreadingHTTPServer(("0.0.0.0", 8025), Api).serve_forever()  # noqa: S104
