# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""-S tcplisten and -S listenfd: listening sockets that a guest gets as its first descriptors."""
import os
import socket
import subprocess

from harness import GUESTS, Setting, TIMEOUT, differs, environment, error, wazuka

ECHO = str(GUESTS / "echo_server.wat")
MESSAGE = b"hello, server" * 20


def serve(command, connect, **streams):
    """Runs a server, talks to it once, and compares what came back and what it printed."""
    server = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **streams)
    try:
        client = connect(server)
        with client:
            client.sendall(MESSAGE)
            client.shutdown(socket.SHUT_WR)
            back = b""
            while part := client.recv(1000):
                back += part
        out, err = server.communicate(timeout=TIMEOUT)
    finally:
        server.kill()
        server.wait()
    assert (back, out, err, server.returncode) == (MESSAGE, b"260 bytes\n", b"", 0), (back, out, err, server.returncode)


def connect_to(port, family=socket.AF_INET, host="127.0.0.1"):
    def connect(server):
        while server.poll() is None:
            client = socket.socket(family)
            client.settimeout(TIMEOUT)
            try:
                client.connect((host, port))
                return client
            except ConnectionRefusedError:
                client.close()
        raise AssertionError(f"the server ended: {server.communicate()}")
    return connect


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


@differs("it gives sockets to no module any more")
def test_listens_on_an_address():
    port = free_port()
    serve([Setting.runtime, "-S", f"tcplisten=127.0.0.1:{port}", ECHO], connect_to(port))


@differs("it gives sockets to no module any more")
def test_listens_on_a_host_name():
    port = free_port()
    serve([Setting.runtime, "-S", f"tcplisten=localhost:{port}", ECHO],
          connect_to(port, *next((i[0], i[4][0]) for i in socket.getaddrinfo("localhost", port))))


@differs("it gives sockets to no module any more")
def test_takes_sockets_of_a_service_manager():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(None)
        number = listener.fileno()
        # The shell puts the socket where the protocol wants it, and becomes the process that LISTEN_PID names.
        script = 'exec 3<&%d; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@"' % number
        serve(["bash", "-c", script, Setting.runtime, "-S", "listenfd", ECHO], connect_to(listener.getsockname()[1]),
              pass_fds=[number])


@differs("it gives sockets to no module any more")
def test_sockets_meant_for_another_process_are_left_alone():
    badf = 8
    wazuka("-S", "listenfd", ECHO, env={"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1"}).gives(code=badf)


@differs("it gives sockets to no module any more")
def test_inherited_descriptors_must_be_listening_sockets():
    script = 'exec 3</dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$0" "$@"'
    made = subprocess.run(["bash", "-c", script, Setting.runtime, "-S", "listenfd", ECHO], env=environment(),
                          capture_output=True, timeout=TIMEOUT)
    assert (made.returncode, made.stderr.decode()) == (1, error(
        "failed to take over the sockets of `-S listenfd`", "descriptor 3 is no listening stream socket")), made


def test_addresses_that_are_none():
    for address in ("foo", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "1:2:3", ":80"):
        result = wazuka("-S", f"tcplisten={address}", ECHO)
        result.expect(result.code == 1 and result.stderr.startswith(f"Error: failed to bind to address '{address}'".encode()),
                      "an error that names the address")


@differs("it gives sockets to no module any more")
def test_an_address_in_use():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "127.0.0.1:%d" % other.getsockname()[1]
        wazuka("-S", f"tcplisten={address}", ECHO).gives(
            stderr=error(f"failed to bind to address '{address}'", "Address already in use (os error 98)"), code=1)
