// What decides the default number of threads: affinity and the quotas of control groups, read from made folders.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "heddle/error.h"
#include "kernels/device/processors.h"
#include "tests/support/temp_dir.h"

namespace heddle::test {

namespace {

namespace fs = std::filesystem;
using kernels::cpu_quota;
using kernels::CpuQuota;

/// Files by their paths below the root.
using Files = std::map<std::string, std::string>;

std::optional<CpuQuota> quota_of(const Files& files) {
  const TempDir root;
  for (const auto& [path, content] : files) {
    fs::create_directories((root.path() / path).parent_path());
    std::ofstream(root.path() / path) << content;
  }
  return cpu_quota(root.path());
}

const char* const mounts2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const mounts1 =
    "25 20 0:22 / /sys rw - sysfs sysfs rw\n"
    "31 25 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
    "33 31 0:30 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:10 master:2 - cgroup cgroup rw,cpu,cpuacct\n";

struct Case {
  std::string name;
  Files files;
  double processors;  ///< 0: no quota
  const char* file;
};

const Case cases[] = {
    {"version 2, in a container",
     {{"proc/self/cgroup", "0::/\n"}, {"proc/self/mountinfo", mounts2}, {"sys/fs/cgroup/cpu.max", "350000 100000\n"}},
     3.5,
     "/sys/fs/cgroup/cpu.max"},
    {"version 2, no limit",
     {{"proc/self/cgroup", "0::/\n"}, {"proc/self/mountinfo", mounts2}, {"sys/fs/cgroup/cpu.max", "max 100000\n"}},
     0,
     ""},
    {"version 2, own group",
     {{"proc/self/cgroup", "0::/user.slice/job\n"},
      {"proc/self/mountinfo", mounts2},
      {"sys/fs/cgroup/user.slice/cpu.max", "max 100000\n"},
      {"sys/fs/cgroup/user.slice/job/cpu.max", "20000 10000\n"}},
     2,
     "/sys/fs/cgroup/user.slice/job/cpu.max"},
    {"version 2, a group above is tighter",
     {{"proc/self/cgroup", "0::/a/b/c\n"},
      {"proc/self/mountinfo", mounts2},
      {"sys/fs/cgroup/a/cpu.max", "150000 100000\n"},
      {"sys/fs/cgroup/a/b/cpu.max", "max 100000\n"},
      {"sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n"}},
     1.5,
     "/sys/fs/cgroup/a/cpu.max"},
    {"version 2, a container whose host's names are seen",
     {{"proc/self/cgroup", "0::/docker/4f2\n"},
      {"proc/self/mountinfo", "30 23 0:26 /docker/4f2 /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
      {"sys/fs/cgroup/cpu.max", "400000 100000\n"}},
     4,
     "/sys/fs/cgroup/cpu.max"},
    {"version 2, a group that is not below the mounted one",
     {{"proc/self/cgroup", "0::/../../elsewhere\n"},
      {"proc/self/mountinfo", "30 23 0:26 /here /sys/fs/cgroup ro - cgroup2 cgroup rw\n"},
      {"sys/fs/cgroup/cpu.max", "100000 100000\n"},
      {"sys/elsewhere/cpu.max", "700000 100000\n"}},
     1,
     "/sys/fs/cgroup/cpu.max"},
    {"version 2, a mount point with a blank",
     {{"proc/self/cgroup", "0::/\n"},
      {"proc/self/mountinfo", "30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n"},
      {"my groups/cpu.max", "50000 100000\n"}},
     0.5,
     "/my groups/cpu.max"},
    {"version 1",
     {{"proc/self/cgroup", "5:cpuset:/\n4:cpu,cpuacct:/job\n"},
      {"proc/self/mountinfo", mounts1},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "250000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n"}},
     2.5,
     "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us"},
    {"version 1, no limit",
     {{"proc/self/cgroup", "4:cpu,cpuacct:/\n"},
      {"proc/self/mountinfo", mounts1},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"},
      {"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"}},
     0,
     ""},
    {"version 1, only a group above has a limit",
     {{"proc/self/cgroup", "4:cpu,cpuacct:/a/b\n"},
      {"proc/self/mountinfo", mounts1},
      {"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"}},
     3,
     "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us"},
    {"both, the controller in version 1",
     {{"proc/self/cgroup", "4:cpu,cpuacct:/job\n0::/user.slice\n"},
      {"proc/self/mountinfo", std::string(mounts1) + "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
      {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "600000\n"},
      {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n"}},
     6,
     "/sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us"},
    {"both, the controller in version 2",
     {{"proc/self/cgroup", "3:freezer:/\n0::/job\n"},
      {"proc/self/mountinfo",
       "31 25 0:28 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
       "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"},
      {"sys/fs/cgroup/unified/job/cpu.max", "120000 100000\n"}},
     1.2,
     "/sys/fs/cgroup/unified/job/cpu.max"},
    {"nothing at all", {}, 0, ""},
    {"no mounts", {{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "100000 100000\n"}}, 0, ""},
    {"no groups", {{"proc/self/mountinfo", mounts2}, {"sys/fs/cgroup/cpu.max", "100000 100000\n"}}, 0, ""},
};

/// What stands in cpu.max where something else is mounted there, or the kernel is of another time.
const char* const malformed[] = {"",
                                 "\n",
                                 "100000\n",
                                 "a b\n",
                                 "-5 100000\n",
                                 "100000 0\n",
                                 "0 1000\n",
                                 "100000 -1\n",
                                 "1e5 100000\n",
                                 "100000 100000 1\n",
                                 "max max\n",
                                 "max\n",
                                 "100000 100000x\n",
                                 "100000,100000\n",
                                 "1 2\n3 4\n",
                                 "99999999999999999999 100000\n"};

}  // namespace

TEST_SUITE_BEGIN("threads");

TEST_CASE("processors / the quota of a control group is found wherever it stands") {
  for (const Case& c : cases) {
    INFO(c.name);
    const std::optional<CpuQuota> quota = quota_of(c.files);
    CHECK(quota.has_value() == (c.processors > 0));
    if (!quota) continue;
    CHECK(quota->processors == doctest::Approx(c.processors));
    CHECK(quota->file == c.file);
  }
}

TEST_CASE("processors / files that are not as the kernel writes them are no quota") {
  for (const char* content : malformed) {
    INFO(std::string(content));
    CHECK_FALSE(quota_of({{"proc/self/cgroup", "0::/\n"}, {"proc/self/mountinfo", mounts2}, {"sys/fs/cgroup/cpu.max", content}}));
  }
  for (const char* line : {"", "0\n", "0:\n", "x\n", ":::\n", "0::\n", "1:cpu\n"}) {
    INFO(std::string(line));
    CHECK_NOTHROW(quota_of({{"proc/self/cgroup", line}, {"proc/self/mountinfo", mounts2}}));
  }
  for (const char* line :
       {"", "1\n", "- - - -\n", "30 23 0:26 / /sys/fs/cgroup rw cgroup2\n", "1 2 3 4 5 6 -\n", "1 2 3 / /x\\04 rw - cgroup2\n"}) {
    INFO(std::string(line));
    CHECK_FALSE(quota_of({{"proc/self/cgroup", "0::/\n"}, {"proc/self/mountinfo", line}, {"x/cpu.max", "1 1\n"}}));
  }
}

TEST_CASE("processors / the quota, rounded up, or the affinity decides, and says so") {
  const auto threads = [](int usable, double quota) {
    return kernels::default_threads(usable, quota > 0 ? std::optional(CpuQuota{quota, "/sys/fs/cgroup/cpu.max"}) : std::nullopt);
  };
  CHECK(threads(64, 0).count == 64);
  CHECK(threads(64, 0).reason == "one for each of 64 processors");
  CHECK(threads(1, 0).reason == "one for the one processor");
  CHECK(threads(64, 4).count == 4);
  CHECK(threads(64, 3.5).count == 4);
  CHECK(threads(64, 3.5).reason == "/sys/fs/cgroup/cpu.max grants the time of 3.5 of 64 processors");
  CHECK(threads(64, 0.1).count == 1);
  CHECK(threads(4, 4).count == 4);
  CHECK(threads(4, 3.5).reason == "one for each of 4 processors");
  CHECK(threads(2, 1e300).count == 2);
  CHECK(threads(2000, 0).count == 1024);
}

TEST_CASE("processors / a device has the default number of threads unless it is told") {
  const DefaultThreads expected = default_threads();
  CHECK(expected.count >= 1);
  CHECK(Device::cpu().threads() == expected.count);
  CHECK(Device::parse("cpu").threads() == expected.count);
  CHECK(Device::parse("cpu", 3).threads() == 3);
}

TEST_SUITE_END();

}  // namespace heddle::test
