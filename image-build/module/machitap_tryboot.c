// SPDX-License-Identifier: GPL-2.0-only
/*
 * `reboot "0 tryboot"` for boards with Debian's kernel: tells a Raspberry Pi's firmware to try the other slot at the
 * next start, once.
 *
 * The maker's own kernel does this in its driver for the firmware; mainline's has the same driver without it, and carries
 * whatever it is given. This module is loaded where there is such a firmware, and refuses to be where there is none: so
 * whoever sees it in /sys/module knows that a slot can be tried (drivers/boot/pi.py).
 */

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/of.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <soc/bcm2835/raspberrypi-firmware.h>

#define SET_REBOOT_FLAGS 0x00038064 /* RPI_FIRMWARE_SET_REBOOT_FLAGS in the maker's kernel */
#define TRY_OTHER_SLOT 0x1 /* the one flag in it: gone after one start */

static struct rpi_firmware *firmware;

static int before_restart(struct notifier_block *self, unsigned long action, void *words)
{
	u32 flags = TRY_OTHER_SLOT;
	int error;

	/* The first word is the number of a partition, 0 for "as you are used to"; flags follow. */
	if (action != SYS_RESTART || !words || !strstr(words, " tryboot"))
		return NOTIFY_DONE;
	error = rpi_firmware_property(firmware, SET_REBOOT_FLAGS, &flags, sizeof(flags));
	if (error)
		pr_err("machitap_tryboot: the firmware does not take it (%d); the usual slot is started\n", error);
	else
		pr_info("machitap_tryboot: the firmware tries the other slot at the next start\n");
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = before_restart };

static int __init tryboot_init(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "raspberrypi,bcm2835-firmware");
	int error;

	if (!node)
		return -ENODEV;
	firmware = rpi_firmware_get(node);
	of_node_put(node);
	if (!firmware)
		return -ENODEV;
	error = register_reboot_notifier(&notifier);
	if (error)
		rpi_firmware_put(firmware);
	return error;
}

static void __exit tryboot_exit(void)
{
	unregister_reboot_notifier(&notifier);
	rpi_firmware_put(firmware);
}

module_init(tryboot_init);
module_exit(tryboot_exit);

/* udev loads it where the firmware's node is, as it would a driver for it. */
static const struct of_device_id boards[] = { { .compatible = "raspberrypi,bcm2835-firmware" }, {} };
MODULE_DEVICE_TABLE(of, boards);

MODULE_DESCRIPTION("Tries the other slot of a Raspberry Pi's card, once");
MODULE_AUTHOR("machitap");
MODULE_LICENSE("GPL");
