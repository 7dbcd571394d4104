/* The dishes of the made-up kitchen; kitchen_grammar.h says how they are written. */
#include "data/kitchen_grammar.h"

const dish KITCHEN_DISHES[] = {
    {"omelette", "cheese mushroom tomato", 3,
     "open_fridge take_egg take_$ close_fridge | take_bowl | take_pan / crack_egg+ whisk_egg+ | take_knife cut_$+ /"
     "pour_oil turn-on_hob / pour_egg | put_$ / flip_egg+ | ?check_pan / turn-off_hob | take_plate / serve_egg"},
    {"pasta", "tomato pepper mushroom", 3,
     "take_pot fill_pot turn-on_hob | take_onion peel_onion cut_onion+ | open_fridge take_$ close_fridge cut_$+ /"
     "open_cupboard take_pasta close_cupboard | ?season_water / pour_pasta | take_pan put_onion put_$ stir_sauce+ /"
     "check_pasta+ | take_colander / drain_pasta | turn-off_hob / take_plate serve_pasta | ?take_cheese grate_cheese+"},
    {"soup", "carrot potato mushroom", 3,
     "take_$ wash_$ peel_$ cut_$+ | take_onion peel_onion cut_onion+ | ?take_garlic cut_garlic /"
     "take_pot pour_oil turn-on_hob / put_onion stir_pot+ | put_$ / fill_kettle turn-on_kettle pour_water | "
     "?season_soup /"
     "stir_soup+ ?check_soup+ / turn-off_hob | take_bowl / serve_soup"},
    {"salad", "tomato cucumber pepper", 3,
     "open_fridge take_lettuce take_$ close_fridge | take_bowl | take_knife /"
     "wash_lettuce cut_lettuce put_lettuce | wash_$ cut_$+ put_$ | ?take_onion peel_onion cut_onion+ put_onion /"
     "take_lemon cut_lemon squeeze_lemon+ | pour_oil | ?season_salad / mix_salad+ | take_plate / serve_salad"},
    {"fried rice", "chicken pepper mushroom", 2,
     "open_cupboard take_rice close_cupboard wash_rice+ | take_pot fill_pot / put_rice | turn-on_hob /"
     "open_fridge take_$ close_fridge cut_$+ | take_carrot peel_carrot cut_carrot+ / check_rice+ drain_rice | take_pan "
     "/"
     "put_$ stir_pan+ | put_carrot | ?put_egg / put_rice pour_sauce stir_rice+ / turn-off_hob | take_bowl / "
     "serve_rice"},
    {"pancakes", "lemon sugar apple", 2,
     "open_cupboard take_flour close_cupboard | open_fridge take_egg take_milk close_fridge | take_bowl /"
     "pour_flour | crack_egg+ | pour_milk / whisk_dough+ | take_pan put_butter turn-on_hob / pour_dough flip_pancake+ /"
     "?pour_dough flip_pancake+ / turn-off_hob | take_plate / serve_pancake / take_$ put_$ | ?take_fork"},
    {"roast", "chicken fish", 2,
     "open_fridge take_$ close_fridge | turn-on_oven | take_tray | take_potato wash_potato peel_potato+ cut_potato+ /"
     "season_$ | ?take_lemon cut_lemon+ / put_$ | put_potato | pour_oil / open_oven put_tray close_oven / check_oven+ /"
     "open_oven take_tray close_oven | turn-off_oven / take_plate | take_knife cut_$+ / serve_$"},
    {"sandwich", "cheese chicken tomato", 2,
     "take_bread take_knife cut_bread+ | open_fridge take_butter take_$ ?take_lettuce close_fridge / spread_butter+ /"
     "cut_$+ put_$ | ?wash_lettuce put_lettuce | ?pour_sauce / press_bread | take_plate / cut_bread | ?wash_knife /"
     "serve_bread"},
    {"breakfast", "milk sugar", 2,
     "fill_kettle turn-on_kettle | open_cupboard take_cup take_coffee close_cupboard | take_bread cut_bread+ /"
     "scoop_coffee+ | ?check_kettle | take_plate / pour_water | take_spoon / open_fridge take_$ take_butter "
     "close_fridge /"
     "pour_$ stir_coffee+ | spread_butter+ / serve_bread"},
    {"curry", "chicken potato pepper", 2,
     "take_onion peel_onion cut_onion+ | take_garlic peel_garlic cut_garlic+ | open_fridge take_$ close_fridge cut_$+ /"
     "take_pan pour_oil turn-on_hob / put_onion put_garlic | scoop_spice+ / put_$ stir_pan+ | ?season_sauce /"
     "pour_sauce stir_sauce+ | ?check_pan+ / turn-off_hob | take_bowl / serve_curry"},
    {"pizza", "mushroom pepper chicken", 2,
     "turn-on_oven | open_fridge take_dough take_cheese take_$ close_fridge | take_tray / roll_dough+ / spread_sauce+ /"
     "cut_$+ put_$ | grate_cheese+ put_cheese / open_oven put_tray close_oven / check_oven+ /"
     "open_oven take_tray close_oven | turn-off_oven / take_knife cut_pizza+ | take_plate / serve_pizza"},
    {"mash", "butter milk", 1,
     "take_potato wash_potato peel_potato+ cut_potato+ | take_pot fill_pot turn-on_hob / put_potato | ?season_water /"
     "check_potato+ | take_colander / drain_potato | turn-off_hob / open_fridge take_$ close_fridge | take_fork /"
     "put_$ | press_potato+ | ?season_potato / mix_potato+ | take_bowl / serve_potato"},
    {"cake", "apple lemon", 2,
     "open_cupboard take_flour take_sugar close_cupboard | open_fridge take_butter take_egg close_fridge | "
     "turn-on_oven |"
     "take_bowl / put_butter pour_sugar mix_butter+ | crack_egg+ | pour_flour / mix_dough+ / cut_$+ put_$ | take_tray /"
     "pour_dough open_oven put_tray close_oven / check_oven+ / open_oven take_tray close_oven | turn-off_oven / "
     "take_knife /"
     "serve_cake"},
    {"washing up", "cup bowl", 2,
     "turn-on_tap | take_sponge press_soap / wash_plate+ | wash_pan+ | wash_knife | wash_$+ / turn-off_tap | "
     "take_cloth /"
     "dry_plate+ | dry_pan | dry_$+ / open_cupboard put_plate put_$ close_cupboard | open_drawer put_knife "
     "close_drawer /"
     "wash_counter+ | ?throw_rubbish"},
};
const size_t KITCHEN_DISH_COUNT = sizeof KITCHEN_DISHES / sizeof KITCHEN_DISHES[0];

const chore KITCHEN_CHORES[] = {
    {"wash_hand", 4}, {"dry_hand", 3}, {"throw_rubbish", 3}, {"wash_knife", 2}, {"take_spoon", 2}, {"move_pan", 1},
};
const size_t KITCHEN_CHORE_COUNT = sizeof KITCHEN_CHORES / sizeof KITCHEN_CHORES[0];
