#include "names.h"

#include <array>

namespace kith::tools {
namespace {

constexpr std::uint32_t kWords = 8;

struct Taste {
  std::string_view name;
  std::array<std::string_view, kWords> first, second;
};

constexpr std::array<Taste, kNumTastes> kTastes = {{
    {"slow jazz",
     {"Velvet", "Midnight", "Smoky", "Lazy", "Amber", "Blue", "Late", "Tender"},
     {"Ballad", "Brushes", "Saxophone", "Corner", "Trio", "Encore", "Lounge", "Trumpet"}},
    {"northern noir",
     {"Frozen", "Silent", "Black", "Last", "Nameless", "Grey", "Drowned", "Buried"},
     {"Fjord", "Witness", "Winter", "Ferry", "Inspector", "Birch", "Confession", "Harbour"}},
    {"space opera",
     {"Distant", "Burning", "Iron", "Hollow", "Seventh", "Drifting", "Stellar", "Forgotten"},
     {"Nebula", "Fleet", "Colony", "Orbit", "Empire", "Signal", "Comet", "Lighthouse"}},
    {"baroque strings",
     {"Solemn", "Golden", "Courtly", "Grave", "Royal", "Mirrored", "Evening", "Second"},
     {"Suite", "Sarabande", "Fugue", "Chaconne", "Viola", "Concerto", "Gigue", "Partita"}},
    {"street food",
     {"Smoked", "Crispy", "Fiery", "Sticky", "Charred", "Pickled", "Sesame", "Salted"},
     {"Noodles", "Skewers", "Dumplings", "Tacos", "Buns", "Corn", "Flatbread", "Plantain"}},
    {"garden craft",
     {"Climbing", "Wild", "Shaded", "Walled", "Humble", "Patient", "Evergreen", "Sunlit"},
     {"Roses", "Orchard", "Hedge", "Greenhouse", "Meadow", "Trellis", "Compost", "Fernery"}},
    {"alpine hiking",
     {"High", "Windy", "Steep", "Hidden", "Snowy", "Narrow", "Rocky", "Cloudy"},
     {"Pass", "Ridge", "Hut", "Glacier", "Summit", "Tarn", "Gorge", "Traverse"}},
    {"club house",
     {"Electric", "Neon", "Deep", "Endless", "Analog", "Chrome", "Humid", "Strobe"},
     {"Groove", "Bassline", "Basement", "Sunrise", "Loop", "Sequencer", "Warehouse", "Pulse"}},
    {"quiet poetry",
     {"Small", "Unsent", "Folded", "Paper", "Plain", "Whispered", "Autumn", "Borrowed"},
     {"Letters", "Windows", "Sparrows", "Silences", "Rain", "Rooms", "Bread", "Elegies"}},
    {"desert westerns",
     {"Dusty", "Crooked", "Lonesome", "Rusty", "Wanted", "Bitter", "Scarlet", "Outlaw"},
     {"Canyon", "Saddle", "Sheriff", "Railroad", "Coyote", "Revolver", "Homestead", "Mesa"}},
    {"puzzle games",
     {"Locked", "Tilted", "Clockwork", "Twin", "Glass", "Infinite", "Woven", "Logical"},
     {"Labyrinth", "Cubes", "Cipher", "Gears", "Mosaic", "Lattice", "Riddle", "Keyhole"}},
    {"sea stories",
     {"Salt", "Stormy", "Green", "Becalmed", "Barnacled", "Lost", "Whaling", "Southern"},
     {"Schooner", "Mutiny", "Lagoon", "Anchor", "Captain", "Monsoon", "Albatross", "Reef"}},
    {"folk songs",
     {"Weeping", "Merry", "Wandering", "Barefoot", "Oaken", "Village", "Braided", "Harvest"},
     {"Willow", "Fiddle", "Miller", "Reel", "Lullaby", "Shepherd", "Drover", "Maypole"}},
    {"robot tales",
     {"Copper", "Obsolete", "Dreaming", "Polite", "Solar", "Broken", "Mechanical", "Curious"},
     {"Automaton", "Butler", "Circuit", "Android", "Foundry", "Orchid", "Puppet", "Engineer"}},
    {"court intrigue",
     {"Poisoned", "Masked", "Exiled", "Perfumed", "False", "Ivory", "Usurped", "Gilded"},
     {"Regent", "Ledger", "Duchess", "Embassy", "Chalice", "Heir", "Succession", "Dagger"}},
    {"city portraits",
     {"Vertical", "Rainy", "Crowded", "Sleepless", "Concrete", "Painted", "Sunken", "Morning"},
     {"Boulevard", "Rooftops", "Tramline", "Market", "Stairwell", "Bridges", "Courtyard", "Skyline"}},
}};

constexpr std::array<std::string_view, 40> kGiven = {
    "mira",  "jonas", "aiko",  "tomas",  "leila", "oskar", "nadia", "felix", "ines",  "ravi",
    "clara", "emil",  "zara",  "anton",  "priya", "luca",  "freya", "samir", "greta", "mateo",
    "yara",  "hugo",  "selma", "dario",  "ida",   "malik", "vera",  "pablo", "lin",   "arne",
    "rosa",  "kofi",  "elsa",  "nikola", "amara", "bruno", "signe", "tariq", "maud",  "ivo"};
constexpr std::array<std::string_view, 40> kFamily = {
    "okafor", "lindqvist", "tanaka",   "moreau", "haddad",  "berg",     "petrov", "silva",   "novak",   "iyer",
    "weber",  "santos",    "kowalski", "demir",  "hansen",  "rossi",    "mensah", "jansen",  "ortega",  "nakamura",
    "bauer",  "laurent",   "ivanova",  "costa",  "eriksen", "farah",    "gruber", "horvath", "ibrahim", "keller",
    "larsen", "marino",    "nguyen",   "obrien", "park",    "quintero", "rahman", "schmidt", "torres",  "vogel"};

/// The n-th pair of a word each from two lists of `size`: all pairs once before the first comes again.
std::pair<std::uint32_t, std::uint32_t> Pair(std::uint32_t n, std::uint32_t size) {
  return {n % size, (n / size + n) % size};
}

}  // namespace

std::string_view TasteName(std::uint32_t taste) { return kTastes[taste].name; }

std::string ItemName(std::uint32_t taste, std::uint32_t n) {
  const auto [first, second] = Pair(n % (kWords * kWords), kWords);
  std::string name = std::string(kTastes[taste].first[first]) + " " + std::string(kTastes[taste].second[second]);
  const std::uint32_t volume = n / (kWords * kWords);
  return volume == 0 ? name : name + " " + std::to_string(volume + 1);
}

std::string PersonName(std::uint32_t n) {
  constexpr std::uint32_t kPeople = static_cast<std::uint32_t>(kGiven.size());
  const auto [given, family] = Pair(n % (kPeople * kPeople), kPeople);
  std::string name = std::string(kGiven[given]) + "-" + std::string(kFamily[family]);
  const std::uint32_t generation = n / (kPeople * kPeople);
  return generation == 0 ? name : name + "-" + std::to_string(generation + 1);
}

std::string Slug(std::string_view name) {
  std::string slug;
  for (const char c : name) {
    slug += c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return slug;
}

}  // namespace kith::tools
