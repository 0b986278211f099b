/* flood: INVITEs from many addresses at a steady rate, and what comes back.
 *
 * usage: flood ADDRESS PORT RATE SECONDS
 *
 * Each request is different: branch, Call-ID, caller, callee, from one of 4,000 sockets of
 * 127.16/12. Prints JSON: sent, took_s, answers, larger (than the request), repeated (a request's
 * second answer and those after it).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOCKETS = 4000, TEXT = 900 };

struct flood {
	int fd[SOCKETS], epoll;
	struct sockaddr_in to;
	uint8_t *answered; /* of each request sent */
	uint64_t sent, limit, answers, larger, repeated;
	size_t request_len;
};

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void open_sockets(struct flood *f)
{
	struct rlimit files = {SOCKETS + 64, SOCKETS + 64};

	if (setrlimit(RLIMIT_NOFILE, &files) != 0)
		fail("setrlimit");
	f->epoll = epoll_create1(0);
	for (unsigned i = 0; i < SOCKETS; i++) {
		struct sockaddr_in from = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(0x7f100001u + i * 37)};
		struct epoll_event ev = {.events = EPOLLIN, .data.fd = 0};
		f->fd[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		ev.data.fd = f->fd[i];
		if (f->fd[i] < 0 || bind(f->fd[i], (struct sockaddr *)&from, sizeof(from)) != 0 ||
		    epoll_ctl(f->epoll, EPOLL_CTL_ADD, f->fd[i], &ev) != 0)
			fail("socket");
	}
}

static void send_one(struct flood *f)
{
	char text[TEXT];
	int fd = f->fd[f->sent % SOCKETS];

	int n = snprintf(
		text, sizeof(text),
		"INVITE sip:900%08llu@127.0.0.1 SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 203.0.113.9:5060;rport;branch=z9hG4bK%08llu\r\n"
		"From: \"scan\" <sip:%llu@203.0.113.9>;tag=%llu\r\nTo: "
		"<sip:900%08llu@127.0.0.1>\r\n"
		"Call-ID: %08llu@203.0.113.9\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
		"Contact: <sip:scan@203.0.113.9:5060>\r\nUser-Agent: friendly-scanner\r\n"
		"Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY\r\n"
		"Content-Type: application/sdp\r\nContent-Length: 124\r\n\r\n"
		"v=0\r\no=- 1 1 IN IP4 203.0.113.9\r\ns=-\r\nc=IN IP4 203.0.113.9\r\nt=0 0\r\n"
		"m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendrecv..\r\n",
		(unsigned long long)f->sent, (unsigned long long)f->sent,
		(unsigned long long)f->sent, (unsigned long long)f->sent,
		(unsigned long long)f->sent, (unsigned long long)f->sent);
	f->request_len = (size_t)n;
	if (sendto(fd, text, (size_t)n, 0, (struct sockaddr *)&f->to, sizeof(f->to)) == n)
		f->sent++;
}

static void on_answer(struct flood *f, const char *text, size_t len)
{
	const char *branch = memmem(text, len, "z9hG4bK", 7);
	unsigned long long which = branch != NULL ? strtoull(branch + 7, NULL, 10) : f->limit;

	f->answers++;
	f->larger += len > f->request_len;
	if (which < f->limit) {
		f->repeated += f->answered[which];
		f->answered[which] = 1;
	}
}

static void receive(struct flood *f)
{
	struct epoll_event ev[64];
	char text[4096];
	ssize_t len;
	int n;

	while ((n = epoll_wait(f->epoll, ev, 64, 0)) > 0)
		for (int i = 0; i < n; i++)
			while ((len = recv(ev[i].data.fd, text, sizeof(text) - 1, 0)) >= 0) {
				text[len] = '\0';
				on_answer(f, text, (size_t)len);
			}
}

int main(int argc, char **argv)
{
	static struct flood f;

	if (argc != 5) {
		fprintf(stderr, "usage: flood ADDRESS PORT RATE SECONDS\n");
		return 2;
	}
	double rate = atof(argv[3]), seconds = atof(argv[4]);
	f.to = (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)atoi(argv[2]))};
	inet_pton(AF_INET, argv[1], &f.to.sin_addr);
	f.limit = (uint64_t)(rate * seconds);
	f.answered = calloc(f.limit + 1, 1);
	if (f.answered == NULL)
		fail("memory");
	open_sockets(&f);
	double start = now_s(), took;
	while ((took = now_s() - start) < seconds) {
		uint64_t due = (uint64_t)(took * rate);
		for (unsigned burst = 0; f.sent < due && f.sent < f.limit && burst < 100; burst++)
			send_one(&f);
		receive(&f);
		if (f.sent >= due)
			nanosleep(&(struct timespec){0, 200000}, NULL);
	}
	for (double end = now_s() + 1; now_s() < end; usleep(1000))
		receive(&f);
	printf("{\"sent\": %llu, \"took_s\": %.3f, \"answers\": %llu, \"larger\": %llu, "
	       "\"repeated\": %llu}\n",
	       (unsigned long long)f.sent, took, (unsigned long long)f.answers,
	       (unsigned long long)f.larger, (unsigned long long)f.repeated);
	return 0;
}
