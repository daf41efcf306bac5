// The floor for handing descriptors over: one process sends a descriptor, with as many bytes as a ticket has, as often as it
// is told, and another receives and closes it. Both run where they are put. Prints how many were handed over per second.

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TICKET = 29 };

static void wait_for(int fd, short event) {
  struct pollfd one = {.fd = fd, .events = event};
  poll(&one, 1, -1);
}

static void receive_all(int fd) {
  for (;;) {
    char bytes[TICKET + 1];
    union {
      char space[CMSG_SPACE(sizeof(int))];
      struct cmsghdr aligned;
    } control;
    struct iovec part = {bytes, sizeof bytes};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (length == 0) exit(0);
    if (length < 0) {
      if (errno != EAGAIN) exit(1);
      wait_for(fd, POLLIN);
      continue;
    }
    int received;
    memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof received);
    close(received);
  }
}

static void send_one(int fd, int passed) {
  char bytes[TICKET] = {0};
  union {
    char space[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control = {0};
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
  while (sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno != EAGAIN && errno != ETOOMANYREFS) exit(1);
    wait_for(fd, POLLOUT);
  }
}

int main(int argc, char **argv) {
  long count = argc > 1 ? atol(argv[1]) : 100000;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0) return 1;
  int passed = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pid_t receiver = fork();
  if (receiver == 0) {
    close(ends[0]);
    receive_all(ends[1]);
  }
  close(ends[1]);
  struct timespec begin, end;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  for (long i = 0; i < count; i++) send_one(ends[0], passed);
  close(ends[0]);
  int status;
  waitpid(receiver, &status, 0);
  clock_gettime(CLOCK_MONOTONIC, &end);
  if (status != 0) return 1;
  double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
  printf("handoffs per second: %.0f\n", (double)count / seconds);
  return 0;
}
