#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "heddle/error.h"
#include "heddle/interactions.h"
#include "heddle/kernel/philox.h"
#include "heddle/rethrow.h"

namespace heddle {

namespace {

constexpr std::array adjectives = {"Walnut", "Linen",  "Copper", "Woollen", "Oak",    "Enamel", "Blue",    "Folding",
                                   "Red",    "Glass",  "Brass",  "Leather", "Bamboo", "Cotton", "Slate",   "Compact",
                                   "Green",  "Marble", "Steel",  "Velvet",  "Ash",    "Rustic", "Ceramic", "Striped"};
constexpr std::size_t nouns = 8;
/// What each of the first categories sells; further categories sell the same kinds of things.
constexpr std::array<std::array<const char*, nouns>, 12> goods = {{
    {"coffee mill", "teapot", "mug", "milk jug", "espresso cup", "sugar bowl", "kettle", "coaster"},
    {"desk lamp", "bookend", "pen tray", "notebook", "letter rack", "paper knife", "desk pad", "ruler"},
    {"blanket", "cushion", "rug", "curtain", "throw", "quilt", "footstool", "pouffe"},
    {"garden chair", "plant pot", "watering can", "trowel", "bird house", "lantern", "hammock", "trellis"},
    {"frying pan", "chopping board", "rolling pin", "ladle", "colander", "pepper mill", "casserole", "whisk"},
    {"scarf", "cap", "belt", "tote bag", "wallet", "gloves", "umbrella", "sandals"},
    {"toy train", "building set", "puzzle", "doll's house", "kite", "spinning top", "rocking horse", "ball"},
    {"yoga mat", "skipping rope", "water bottle", "gym bag", "dumbbell", "tennis racket", "helmet", "headband"},
    {"soap dish", "towel", "bath mat", "mirror", "toothbrush cup", "laundry basket", "bathrobe", "stool"},
    {"headphones", "loudspeaker", "record player", "radio", "phone stand", "cable box", "keyboard", "tripod"},
    {"dog bed", "cat tree", "food bowl", "leash", "bird cage", "scratching post", "pet brush", "aquarium"},
    {"tent", "sleeping bag", "camping stove", "rucksack", "torch", "flask", "picnic basket", "pocket knife"},
}};
// Item k of a kind of goods is adjective k mod A and noun (k / A + k) mod N, so that neighbours differ in both words.
static_assert(std::gcd(adjectives.size() + 1, nouns) == 1, "else the first A x N items of a kind would not have distinct names");

/// Uniform numbers one after the other.
class Draws {
 public:
  explicit Draws(uint64_t seed) : stream_{seed, random_purpose::interaction_split + 2, nullptr} {}  // 0 and 1: splits
  /// In [0, 1), a multiple of 2^-32.
  double uniform() {
    if (at_ % 4 == 0) words_ = random_words(stream_, at_ / 4);
    return words_.word[at_++ % 4] * 0x1p-32;
  }
  int64_t below(int64_t count) { return static_cast<int64_t>(uniform() * static_cast<double>(count)); }
  double exponential(double mean) { return -mean * std::log1p(-uniform()); }

 private:
  RandomStream stream_;
  PhiloxWords words_{};
  uint64_t at_ = 0;
};

/// Ranks 0, 1, ... with weights (rank + 1)^-exponent: Zipf's law.
class Zipf {
 public:
  Zipf(int64_t count, double exponent) {
    double sum = 0;
    for (int64_t rank = 0; rank < count; ++rank) sums_.push_back(sum += std::pow(static_cast<double>(rank + 1), -exponent));
  }
  int64_t draw(Draws& draws) const {
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), draws.uniform() * sums_.back());
    return std::min<int64_t>(found - sums_.begin(), static_cast<int64_t>(sums_.size()) - 1);
  }

 private:
  std::vector<double> sums_;
};

std::string name_of(std::size_t kind, std::size_t index) {
  const std::size_t pairs = adjectives.size() * nouns;
  const std::size_t pair = index % pairs;
  std::string name = adjectives[pair % adjectives.size()];
  name += ' ';
  name += goods[kind][(pair / adjectives.size() + pair) % nouns];
  return index < pairs ? name : name + ' ' + std::to_string(index / pairs + 1);
}

IdTable numbered_ids(char letter, int64_t count) {
  std::vector<std::string> ids;
  ids.reserve(static_cast<std::size_t>(count));
  for (int64_t i = 1; i <= count; ++i) ids.push_back(letter + std::to_string(i));
  return IdTable(std::move(ids));
}

void check(const ShopOptions& options) {
  constexpr int64_t most_of_each = int64_t{1} << 28;
  constexpr int64_t least_items = 6;  // twice the items that each user takes
  const auto in_range = [](const char* what, auto value, auto least, auto most) {
    require(value >= least && value <= most, ErrorKind::usage, "synthetic_shop: ", what, " ", value, " is not between ", least,
            " and ", most);
  };
  in_range("users", options.users, int64_t{1}, most_of_each);
  in_range("items", options.items, least_items, most_of_each);
  in_range("categories", options.categories, int64_t{1}, options.items);
  in_range("interactions per user", options.interactions_per_user, 3.0, static_cast<double>(options.items) / 2);
  in_range("interactions in all", static_cast<double>(options.users) * options.interactions_per_user, 3.0, 0x1p32);
}

}  // namespace

ShopOptions ShopOptions::possible() const {
  ShopOptions shop = *this;
  shop.categories = std::min(shop.categories, shop.items);
  shop.interactions_per_user = std::min(shop.interactions_per_user, static_cast<double>(shop.items) / 2);
  return shop;
}

InteractionLog synthetic_shop(const ShopOptions& options) try {
  check(options);
  Draws draws(options.seed);
  InteractionLog log;
  log.name = "synthetic-shop";
  log.users = numbered_ids('u', options.users);
  log.items = numbered_ids('i', options.items);

  // Items in a random order: dealt out to the categories in turn, so that every category has some; the order within a category
  // is that of popularity.
  std::vector<int32_t> order(static_cast<std::size_t>(options.items));
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = options.items - 1; i > 0; --i)
    std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(draws.below(i + 1))]);
  std::vector<std::vector<int32_t>> shelves(static_cast<std::size_t>(options.categories));
  std::vector<std::size_t> named(goods.size(), 0);
  log.item_names.resize(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const std::size_t category = i % shelves.size();
    shelves[category].push_back(order[i]);
    const std::size_t kind = category % goods.size();
    log.item_names[static_cast<std::size_t>(order[i])] = name_of(kind, named[kind]++);
  }

  constexpr double item_exponent = 0.8, category_exponent = 0.4;  // shops sell some of nearly everything
  constexpr double noise_share = 0.15;                            // share of interactions outside a user's tastes
  constexpr int tries = 16;                                       // for an item that the user has not taken yet
  constexpr double year_seconds = 365.0 * 86400, start_time = 1.6e9, mean_gap = 4.0 * 86400;
  const Zipf popular(static_cast<int64_t>(shelves.front().size()), item_exponent);
  const Zipf popular_category(options.categories, category_exponent);
  const auto expected = static_cast<std::size_t>(static_cast<double>(options.users) * options.interactions_per_user * 1.05);
  log.user.reserve(expected);
  log.item.reserve(expected);
  log.time.reserve(expected);
  std::vector<int32_t> taken_by(order.size(), -1);
  for (int32_t user = 0; user < static_cast<int32_t>(options.users); ++user) {
    std::array<int64_t, 3> tastes{};
    const int64_t taste_count = 1 + draws.below(static_cast<int64_t>(tastes.size()));
    for (int64_t& taste : tastes) taste = popular_category.draw(draws);
    const double more = draws.exponential(options.interactions_per_user - 3) + draws.uniform();  // its whole part keeps the mean
    const int64_t count = std::min(3 + static_cast<int64_t>(more), options.items);
    double time = start_time + draws.uniform() * year_seconds;
    for (int64_t i = 0; i < count; ++i) {
      int32_t item = -1;
      for (int attempt = 0; attempt < tries; ++attempt) {
        const bool noise = draws.uniform() < noise_share;
        const int64_t category =
            noise ? popular_category.draw(draws) : tastes[static_cast<std::size_t>(draws.below(taste_count))];
        const std::vector<int32_t>& shelf = shelves[static_cast<std::size_t>(category)];
        const int64_t rank = popular.draw(draws) % static_cast<int64_t>(shelf.size());  // shelves differ by at most one item
        item = shelf[static_cast<std::size_t>(rank)];
        if (taken_by[static_cast<std::size_t>(item)] != user) break;
      }
      // Whoever has nearly all of their tastes takes the next item that they lack; there is one, for count <= items.
      while (taken_by[static_cast<std::size_t>(item)] == user) item = static_cast<int32_t>((item + 1) % options.items);
      taken_by[static_cast<std::size_t>(item)] = user;
      log.user.push_back(user);
      log.item.push_back(item);
      log.time.push_back(time);
      time += draws.exponential(mean_gap);
    }
  }
  return log;
} catch (...) {
  rethrow_as_error();
}

}  // namespace heddle
