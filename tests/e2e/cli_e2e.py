#!/usr/bin/env python3
"""The command line: what the README shows works, samples load, errors name file and line."""
import glob
import os
import re
import subprocess

from lib import stage
from lib.stage import ROOT, binary, check, check_equal, step


def run(*arguments):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30)


def readme_configuration(s):
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as f:
        section = f.read().split("## A first configuration")[1].split("\n## ")[0]
    text = "".join(line[4:] + "\n" for line in section.splitlines() if line.startswith("    "))
    check(5 <= len(text.splitlines()) < 20, "the README has a configuration of about ten lines")
    return s.write("tandem.conf", text)


def check_file(path):
    done = run(binary("tandem"), "-c", path, "-n")
    check_equal(done.returncode, 0, f"{path}: {done.stderr}")
    printed = run(binary("tandem"), "-c", path, "--print-config")
    check_equal(printed.returncode, 0, f"{path} printed")
    return printed.stdout


def test(s):
    conf = readme_configuration(s)
    printed = check_file(conf)
    again = check_file(s.write("again.conf", printed))
    check_equal(again, printed, "what is printed means the same when read again")
    step("the README's configuration loads")
    for name, wanted in (("7134", "cs"), ("7135", "cs")):
        done = run(binary("tandem"), "-c", conf, "--route", name, "--from", "pbx")
        check_equal(done.returncode, 0, f"--route {name}: {done.stdout}")
        check(wanted in done.stdout and re.search(r"tandem\.conf:\d+", done.stdout),
              f"--route {name} says where and why: {done.stdout}")
    done = run(binary("tandem"), "-c", conf, "--route", "5551234", "--from", "cs")
    check(done.returncode != 0, f"--route of a number without rule: {done.stdout}")
    step("--route: " + done.stdout.strip())
    for path in sorted(glob.glob(os.path.join(ROOT, "conf", "*.conf"))):
        check_file(path)
        step(f"{os.path.basename(path)} loads")
    done = run(binary("tandem"), "-c", s.write("empty.conf", ""), "-n")
    check_equal((done.returncode, "without a span" in done.stdout), (0, True),
                "an empty file is legal, and that it does nothing is said")
    bad = s.write("bad.conf", 'span "t1" { peer = "127.0.0.1" }\ntrunk "a" { span = "none" }\n'
                              'colour = "red"\n')
    done = run(binary("tandem"), "-c", bad, "-n")
    check_equal(done.returncode, 1, "status for a bad file")
    check(re.search(r"bad\.conf:\d+: ", done.stderr), f"errors with file and line: {done.stderr}")
    check_equal(run(binary("tandem"), "-c", s.path("none.conf"), "-n").returncode, 1, "no file")
    check_equal(run(binary("tandem"), "--nonsense").returncode, 2, "unknown option")
    for program in ("tandem", "tandemctl"):
        done = run(binary(program), "--help")
        check(done.returncode == 0 and "usage" in done.stdout, f"{program} --help")
        check(run(binary(program), "--version").stdout.startswith(program + " "), "--version")
    check_equal(run(binary("tandemctl"), "-s", s.path("nobody"), "status").returncode, 3,
                "tandemctl without a gateway")


if __name__ == "__main__":
    stage.main(test)
