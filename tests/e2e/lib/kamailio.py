"""Kamailio as registrar and proxy of the domain `cs`; what nobody registered goes to the gateway."""
import socket

from lib.stage import HOST, tool, wait_for

CONFIG = """#!KAMAILIO
debug=2
log_stderror=yes
children=2
disable_tcp={no_tcp}
auto_aliases=no
alias="cs"
listen=udp:{host}:{port}
{listen}
mpath="/usr/lib/x86_64-linux-gnu/kamailio/modules/"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "maxfwd.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "xlog.so"
{tls}
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("tm", "fr_timer", 5000)
modparam("tm", "fr_inv_timer", 60000)
modparam("rr", "append_fromtag", 1)

request_route {{
	if (!mf_process_maxfwd_header("10")) {{
		sl_send_reply("483", "Too Many Hops");
		exit;
	}}
	if (is_method("REGISTER")) {{
		{asks_register}
		save("location");
		exit;
	}}
	if (is_method("CANCEL")) {{
		if (t_check_trans()) t_relay();
		exit;
	}}
	if (has_totag()) {{
		if (loose_route()) {{
			t_relay();
			exit;
		}}
		if (is_method("ACK")) {{
			if (t_check_trans()) t_relay();
			exit;
		}}
		sl_send_reply("404", "Not Here");
		exit;
	}}
	t_check_trans();
	{asks_invite}
	if (is_method("INVITE")) record_route();
	if (is_method("OPTIONS") && uri == myself && $rU == $null) {{
		sl_send_reply("200", "OK");
		exit;
	}}
	if (uri != myself) {{
		t_relay();
		exit;
	}}
	if (lookup("location")) {{
		t_relay();
		exit;
	}}
	if ($rU =~ "^7[0-9]+$" && {not_from_gateway}) {{
		$du = "sip:{gateway_host}:{gateway_port}{parameter}";
		t_relay();
		exit;
	}}
	sl_send_reply("404", "Not Found");
}}
"""


# The gateway is one that must prove it, and is proved to.
TLS = """enable_tls=yes
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "certificate", "{0.path}")
modparam("tls", "private_key", "{0.key}")
modparam("tls", "ca_list", "{0.ca}")
modparam("tls", "verify_certificate", 1)
modparam("tls", "require_certificate", 1)
"""


# Whoever registers, and the gateway when it calls, must bring this password; one nonce serves for
# 60 s.
ASKS_REGISTER = 'if (!pv_www_authenticate("cs", "{password}", "0")) {{ www_challenge("cs", "1"); exit; }}'
ASKS_INVITE = '''if (is_method("INVITE") && $sp == {gateway_port} && $si == "{gateway_host}"
		&& !pv_proxy_authenticate("cs", "{password}", "0")) {{ proxy_challenge("cs", "1"); exit; }}
	consume_credentials();'''


class Kamailio:
    def __init__(self, stage, gateway_port, port=None, transport="udp", stream_port=None,
                 certificate=None, password=None):
        """transport: to and from the gateway.  TCP, for phones, and TLS are on stream_port."""
        self.port = port or stage.port()
        asks = [(text if password else "").format(
            password=password, gateway_host=HOST, gateway_port=gateway_port)
            for text in (ASKS_REGISTER, ASKS_INVITE)]
        udp = transport == "udp"
        config = stage.write("kamailio.cfg", CONFIG.format(
            host=HOST, port=self.port, gateway_host=HOST, gateway_port=gateway_port,
            asks_register=asks[0], asks_invite=asks[1], no_tcp="yes" if udp else "no",
            listen="" if udp else f"listen={transport}:{HOST}:{stream_port}",
            tls=TLS.format(certificate) if certificate else "",
            not_from_gateway=(f'$si != "{HOST}" || $sp != {gateway_port}' if udp
                              else f'$proto != "{transport}"'),
            parameter="" if udp else f";transport={transport}"))
        program = tool("kamailio")
        self.process = stage.start("kamailio", [
            program, "-DD", "-E", "-f", config, "-Y", stage.folder, "-P",
            stage.path("kamailio.pid"), "-w", stage.folder, "-m", "32", "-M", "4"])
        wait_for(self.answers, "Kamailio answers OPTIONS")

    def answers(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.bind((HOST, 0))
            s.settimeout(0.3)
            port = s.getsockname()[1]
            s.sendto((f"OPTIONS sip:cs SIP/2.0\r\nVia: SIP/2.0/UDP {HOST}:{port};"
                      f"branch=z9hG4bKping{port}\r\nFrom: <sip:ping@cs>;tag=1\r\nTo: <sip:cs>\r\n"
                      f"Call-ID: ping{port}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 5\r\n"
                      "Content-Length: 0\r\n\r\n").encode(), (HOST, self.port))
            try:
                return s.recv(4096).startswith(b"SIP/2.0 200")
            except (socket.timeout, ConnectionRefusedError):
                return False
